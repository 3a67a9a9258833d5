/**
 * What the stream of a topic's log must show when the run is over: one server at a time wrote it. The claim that takes the log
 * over begins an epoch, which has the claim's sequence as its name, and all that lies behind it is of that epoch until the
 * next such claim. So no two servers can have acknowledged under one epoch.
 */
import type { LogMessage } from "../../lib/jetstream/log/log-message.ts";
import type { Publish } from "./history.ts";

/** A message of the stream, without its payloads. */
export type StreamMessage =
  | {
      readonly kind: "claim";
      readonly sequence: number;
      readonly epoch: number;
      /** `null`: the owner let go of the log. */
      readonly owner: string | null;
      readonly url: string | null;
      readonly endOffset: number;
    }
  | {
      readonly kind: "frames";
      readonly sequence: number;
      readonly epoch: number;
      readonly baseOffset: number;
      readonly endOffset: number;
    }
  | { readonly kind: "foreign"; readonly sequence: number };

type Frames = Extract<StreamMessage, { kind: "frames" }>;

export function streamMessage(message: LogMessage): StreamMessage {
  const { kind, sequence } = message;
  if (kind === "foreign" || (kind === "frames" && message.isDamaged)) return { kind: "foreign", sequence };
  const { epoch } = message.envelope;
  if (kind === "frames") {
    const { baseOffset, endOffset } = message;
    return { kind, sequence, epoch, baseOffset, endOffset };
  }
  const { owner, url, endOffset } = message.claim;
  return { kind, sequence, epoch, owner, url, endOffset };
}

/** Each rule that is broken, in words; none: all hold. `messages` are all of the stream, in its order. */
export function brokenEpochs(messages: readonly StreamMessage[], publishes: readonly Publish[]): string[] {
  const { broken, owners } = walk(messages);
  const frames = messages.filter((message): message is Frames => message.kind === "frames");
  for (const publish of publishes) {
    if (publish.outcome !== "done") continue;
    const { payloads, offset = Number.NaN, server, isDirect, key } = publish;
    const last = offset + payloads.length - 1;
    const message = frames.find(({ baseOffset, endOffset }) => baseOffset <= offset && offset < endOffset);
    const what = `${payloads[0]}, acknowledged at ${offset} by ${server},`;
    if (message === undefined) broken.push(`${what} lies in no message of the stream`);
    else if (last >= message.endOffset) broken.push(`${what} goes beyond message ${message.sequence}`);
    // A front passes on what the owner answers; with a key an earlier attempt may have been stored by an earlier owner.
    else if (isDirect === true && key === undefined && owners.get(message.epoch) !== server) {
      broken.push(`${what} is of epoch ${message.epoch}, which ${owners.get(message.epoch)} owned`);
    }
  }
  return broken;
}

/** The rules of the stream itself, and the URL of each epoch's owner. */
function walk(messages: readonly StreamMessage[]): {
  readonly broken: string[];
  readonly owners: ReadonlyMap<number, string | null>;
} {
  const broken: string[] = [];
  const owners = new Map<number, string | null>();
  const urls = new Map<string, string | null>();
  let now: { readonly epoch: number; readonly owner: string | null; isOver: boolean } | undefined;
  let sequence = messages[0]?.sequence ?? 1;
  let endOffset = 0;
  for (const message of messages) {
    const at = `message ${message.sequence}`;
    if (message.sequence !== sequence) broken.push(`${at} stands in the place of ${sequence}`);
    sequence = message.sequence + 1;
    if (message.kind === "foreign") {
      broken.push(`${at} is damaged, or not netlog's`);
      continue;
    }
    const { epoch } = message;
    const begins = message.kind === "frames" ? message.baseOffset : message.endOffset;
    if (begins !== endOffset) broken.push(`${at} is for offset ${begins}, and the log ends at ${endOffset}`);
    endOffset = message.endOffset;
    if (message.kind === "claim" && epoch === message.sequence) {
      const { owner, url } = message;
      if (owner === null) broken.push(`${at} takes the log over for nobody`);
      else if ((urls.get(owner) ?? url) !== url) broken.push(`${at} has another URL of ${owner}`);
      if (owner !== null) urls.set(owner, url);
      now = { epoch, owner, isOver: false };
      owners.set(epoch, url);
      continue;
    }
    if (epoch !== now?.epoch) broken.push(`${at} is of epoch ${epoch}, behind the claim ${now?.epoch}`);
    else if (now.isOver) broken.push(`${at} lies behind the end of its epoch ${epoch}`);
    else if (message.kind === "claim") {
      if (message.owner === null) now.isOver = true;
      else if (message.owner !== now.owner) {
        broken.push(`${at} names ${message.owner} in the epoch ${epoch} of ${now.owner}`);
      }
    }
  }
  return { broken, owners };
}
