/** The scanner that `netlog scan` drives: the one that is there, or one that is made as the flags say. */
import { isNetlogClientError, type Offset, type Scanner, type Topic } from "../../lib/client/index.ts";
import type { OptionTable } from "../cli/option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { KEYS_FLAG, keysOf } from "./call/field-flags.ts";
import { countFlag, durationFlag, type Optional, offsetFlag, textFlag } from "./call/flags.ts";

export interface ScannerFlags {
  readonly id: Optional<string>;
  readonly from: Optional<Offset>;
  readonly key: readonly string[];
  readonly ackWait: Optional<number>;
  readonly maxDeliver: Optional<number>;
  readonly maxPending: Optional<number>;
  readonly deadLetter: Optional<string>;
}

export const SCANNER_FLAGS: OptionTable<ScannerFlags> = {
  id: textFlag("id", "<scanner>", "Name of the scanner; made when it is missing", "the id of a scanner"),
  from: offsetFlag("from", "Where a new scanner begins, if not with the first message"),
  key: KEYS_FLAG,
  ackWait: durationFlag("ack_wait", "How long a new scanner leases a message"),
  maxDeliver: countFlag("max_deliver", "How often a new scanner gives a message out at most", { min: 0 }),
  maxPending: countFlag("max_pending", "How many messages a new scanner may have given out"),
  deadLetter: textFlag(
    "dead_letter",
    "<topic>",
    "Topic for what a new scanner has given out too often",
    "the name of a topic",
  ),
};

export interface OpenedScanner {
  readonly scanner: Scanner;
  /** It was made just now, and begins there. */
  readonly madeFrom: number | undefined;
}

/**
 * `hasAcks`: the scanner must have acknowledgements. The flags must say what an existing scanner is.
 *
 * @throws UsageError when it has none; NetlogClientError scanner_exists when the flags say otherwise.
 */
export async function openScanner(
  topic: Topic,
  id: string,
  flags: ScannerFlags,
  hasAcks: boolean,
): Promise<OpenedScanner> {
  const work = {
    ackWaitMs: flags.ackWait ?? undefined,
    maxDeliver: flags.maxDeliver ?? undefined,
    maxPending: flags.maxPending ?? undefined,
    deadLetter: flags.deadLetter ?? undefined,
  };
  const given = { id, key: keysOf(flags), ...work };
  const needsAcks = hasAcks || Object.values(work).some((value) => value !== undefined);
  const there = await lookupScanner(topic, id);
  if (there === undefined) {
    const kind = needsAcks ? ({ ack: "explicit" } as const) : { persist: true };
    const scanner = await topic.createScanner({ ...given, from: flags.from ?? undefined, ...kind });
    return { scanner, madeFrom: (await scanner.info()).from };
  }
  if (needsAcks && there.ack !== "explicit") {
    throw new UsageError(
      `the scanner ${id} of ${topic.name} is one without acknowledgements; take another --id, or netlog scanners --delete it`,
    );
  }
  return { scanner: await topic.createScanner(given), madeFrom: undefined };
}

async function lookupScanner(topic: Topic, id: string): Promise<{ readonly ack: string } | undefined> {
  try {
    return await topic.scanner(id).info();
  } catch (error) {
    if (isNetlogClientError(error, "scanner_not_found")) return undefined;
    throw error;
  }
}
