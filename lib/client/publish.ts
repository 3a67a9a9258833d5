/** What a publish takes and gives. */
import type { BatchCompression } from "./batch-encoding.ts";
import { requireNumber } from "./headers.ts";
import type { RetryOption } from "./retry.ts";
import type { CallOptions } from "./session.ts";
import type { Durability } from "./wire.ts";

export interface PublishOptions extends CallOptions, RetryOption {
  /** How safe the message is when it is answered; as the topic is set when it is left out. */
  readonly durability?: Durability | undefined;
}

export interface PublishBatchOptions extends PublishOptions {
  /** `none` by default. A gzipped batch is kept gzipped. */
  readonly compression?: BatchCompression | undefined;
}

export interface Published {
  /** Of the message, or of the first one of a batch. */
  readonly offset: number;
  /** What was reached. */
  readonly durability: Durability;
}

export interface PublishedBatch extends Published {
  readonly count: number;
}

/** As the headers of its answer tell. */
export function publishedOf(headers: Headers): Published {
  const durability = headers.get("X-Durability");
  return {
    offset: requireNumber(headers, "X-Offset"),
    durability: durability === "written" ? "written" : "synced",
  };
}
