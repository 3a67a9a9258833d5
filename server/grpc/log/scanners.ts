/** Scanners: create, list, delete, seek. */
import { durationMs, parseDuration, type Scanner, type Topic, WorkMeter } from "../../../lib/index.ts";
import type { ServerContext } from "../../http/context.ts";
import { findOrCreateScanner } from "../../netlog/new-scanner.ts";
import { badRequest } from "../../wire/errors.ts";
import {
  type CreateScannerRequest,
  type DeleteScannerRequest,
  type ListScannersRequest,
  Log,
  type SeekRequest,
} from "../generated/netlog/v1/log_pb.ts";
import { type Call, type Method, unary } from "../method.ts";
import { countOf, numberOf, ofTopic, spellingOf } from "./of-topic.ts";

/** What a description takes beside its keys, on the wire at most and as work. */
const DESCRIBED_BYTES = 1024;
/** What a reader's request has in common. */
const READS = { needs: "read", topicOf: ({ topic }: { readonly topic: string }) => topic } as const;
const CHANGES = { ...READS, changes: true } as const;

export function scannerMethods(context: ServerContext): Method[] {
  const { netlog } = context;
  const { method } = Log;
  return [
    unary(method.createScanner, { ...CHANGES, isUse: true }, ofTopic(netlog, createIn(context))),
    unary(method.listScanners, { ...READS, isLarge: true }, ofTopic(netlog, list)),
    unary(method.deleteScanner, CHANGES, ofTopic(netlog, remove)),
    unary(method.seek, { ...CHANGES, isUse: true }, ofTopic(netlog, seek)),
  ];
}

function createIn(context: ServerContext) {
  return async ({ grant }: Call, topic: Topic, sent: CreateScannerRequest) => {
    const request = {
      id: sent.id === "" ? undefined : sent.id,
      from: spellingOf(sent.start),
      persist: sent.persist,
      ack: sent.ack === undefined ? undefined : ackOf(sent.ack),
      ackWaitMs: optional("ack_wait_ms", sent.ackWaitMs),
      maxDeliver: sent.maxDeliver,
      maxPending: sent.maxPending,
      deadLetter: sent.deadLetter,
      expireMs: optional("expire_ms", sent.expireMs),
      keys: sent.keys.length === 0 ? undefined : sent.keys,
    };
    const { scanner, isNew } = await findOrCreateScanner({ context, grant }, topic, request);
    return { scanner: describe(scanner), created: isNew };
  };
}

/** A page is full by number or by bytes: the keys of a scanner may be long. */
async function list({ context }: Call, topic: Topic, { id, after, limit }: ListScannersRequest) {
  if (id !== "") return { scanners: [describe(topic.scanner(id))] };
  const { limits, runtime } = context;
  const most = countOf("limit", limit, limits.scannersListed, limits.scannersListed);
  const meter = new WorkMeter();
  const scanners: ReturnType<typeof describe>[] = [];
  const behind = [...topic.scanners].filter((scanner) => scanner.id > after);
  let bytes = 0;
  for (const scanner of behind.sort((a, b) => (a.id < b.id ? -1 : 1))) {
    bytes += DESCRIBED_BYTES + Buffer.byteLength(scanner.settings.keys?.join("") ?? "");
    const isFull = scanners.length === most || (scanners.length > 0 && bytes > limits.grpcReadBytes);
    if (isFull) return { scanners, next: scanners.at(-1)!.id };
    scanners.push(describe(scanner));
    if (meter.isDue(DESCRIBED_BYTES)) await runtime.pause();
  }
  return { scanners };
}

async function remove(_call: Call, topic: Topic, { id }: DeleteScannerRequest) {
  if (id === "") throw badRequest("id is missing: the scanner to delete");
  await topic.deleteScanner(id);
  return {};
}

async function seek(_call: Call, topic: Topic, { id, start }: SeekRequest) {
  const scanner = topic.scanner(id);
  const to = spellingOf(start);
  if (to === undefined) throw badRequest("start is missing: where to go, such as first, end, a number or 1h");
  await scanner.seek(await topic.startOf(to, "to"));
  return { scanner: describe(scanner) };
}

function describe(scanner: Scanner) {
  const { next, from, persistent, ack, lag, pending, redelivered, dead_lettered, skipped } =
    scanner.describe();
  const { work, expireMs = 0, keys = [] } = scanner.settings;
  return {
    id: scanner.id,
    nextOffset: BigInt(next),
    fromOffset: BigInt(from),
    persistent,
    ack: ack === "explicit",
    lag: BigInt(lag),
    pending,
    redelivered: BigInt(redelivered),
    deadLettered: BigInt(dead_lettered),
    skipped: BigInt(skipped),
    ackWaitMs: wholeMs(work === undefined ? 0 : durationMs(parseDuration(work.ack_wait))),
    maxDeliver: work?.max_deliver ?? 0,
    maxPending: work?.max_pending ?? 0,
    deadLetter: work?.dead_letter ?? "",
    expireMs: wholeMs(expireMs),
    keys: [...keys],
  };
}

/** Rounded up, for 0 means never. Over HTTP durations may have fractions of a millisecond. */
function wholeMs(ms: number): bigint {
  return BigInt(Math.ceil(ms));
}

function ackOf(ack: boolean): "explicit" | "auto" {
  return ack ? "explicit" : "auto";
}

function optional(name: string, value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : numberOf(name, value);
}
