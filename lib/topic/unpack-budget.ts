/** What the unpacking of a message set takes of the bytes in flight: the memory is not what a client sent. */
import type { ByteBudget } from "../base/byte-budget.ts";
import { NetlogError } from "../base/errors.ts";
import { isPackedSet } from "../message/message-set.ts";
import type { Limits } from "./limits.ts";

export interface UnpackBudget {
  readonly limits: Pick<Limits, "batchBytes">;
  /** Bytes taken in and not answered, shared by all topics. */
  readonly inFlight: ByteBudget;
}

/** Calls `work`, which unpacks `entry`, when there is room for it. @throws too_many_requests; what `work` throws. */
export async function withUnpacked<Result>(
  entry: Buffer,
  { limits, inFlight }: UnpackBudget,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  const unpackedBytes = isPackedSet(entry) ? limits.batchBytes : 0;
  if (!inFlight.tryTake(unpackedBytes)) {
    const reason = "too many sets are being unpacked (max_bytes_in_flight); try again";
    throw new NetlogError("too_many_requests", { reason });
  }
  try {
    return await work();
  } finally {
    inFlight.giveBack(unpackedBytes);
  }
}
