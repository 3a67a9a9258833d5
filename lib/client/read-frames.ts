/** Frames of a topic as its server keeps them, many in one answer: what is exported, and imported again. */
import { NetlogClientError } from "./errors.ts";
import { requireNumber } from "./headers.ts";
import type { CallOptions, Session } from "./session.ts";
import { type Offset, spellOffset } from "./spelling.ts";

export interface ReadFramesOptions extends CallOptions {
  /** `first` by default. The first frame may begin before it. */
  readonly from?: Offset | undefined;
  /** Messages at most: 1,000 by default, 100,000 at most; one frame is given always. */
  readonly max?: number | undefined;
  /** Bytes of the answer at most, 8 MiB by default; one frame is given always. */
  readonly maxBytes?: number | undefined;
}

export interface FramesRead {
  /** Whole frames, one after the other; empty when there was none. */
  readonly bytes: Uint8Array;
  /** The offset of the first message. */
  readonly offset: number;
  /** Where to read on. */
  readonly nextOffset: number;
}

export async function readFrames(
  session: Session,
  topicName: string,
  { from, max, maxBytes, signal }: ReadFramesOptions,
): Promise<FramesRead> {
  const query = { from: spellOffset(from ?? "first"), max, max_bytes: maxBytes, format: "frames" };
  const { status, headers, body } = await session.call(
    { method: "GET", path: [topicName, "batch"], query, signal },
    "always",
  );
  const nextOffset = requireNumber(headers, "X-Next-Offset");
  if (status === 204) return { bytes: new Uint8Array(), offset: nextOffset, nextOffset };
  const offset = requireNumber(headers, "X-Offset");
  if (body.length > 0) return { bytes: body, offset, nextOffset };
  throw new NetlogClientError("unexpected_answer", "the answer holds no frames: is this a netlog server?");
}
