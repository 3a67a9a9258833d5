/** Loads for the message store over gRPC, so many calls in flight: batches of new events, and random ids of those. */
import { callOn, clientOf, countRecords, record, unaryCall } from "./grpc-calls.ts";
import type { LoadResult } from "./load-result.ts";

export interface PutEventsJob {
  readonly port: number;
  readonly inFlight: number;
  /** Events of one call. */
  readonly batch: number;
  /** Bytes of one event, from 256 to 16 KiB. */
  readonly eventBytes: number;
  /** The number of the first event; each further one has the next. */
  readonly first: number;
  /** It ends with what is reached first: so many events, or the time. */
  readonly count: number;
  readonly durationMs: number;
}

export interface GetEventsJob {
  readonly port: number;
  readonly inFlight: number;
  /** Ids of one call, of events with numbers from 0 on and below `outOf`. */
  readonly batch: number;
  readonly outOf: number;
  readonly durationMs: number;
}

const SERVICE = "/awakari.messages.Service";
const ID_BYTES = 36;
/** The tag, and a length of two bytes. */
const DATA_PREFIX_BYTES = 3;

export async function putEvents(job: PutEventsJob): Promise<LoadResult> {
  const { batch, first, count } = job;
  const client = clientOf(job.port);
  const template = templateOf(job);
  const end = first + count;
  let next = first;
  const result = await callOn(job, async () => {
    if (next >= end) return undefined;
    const request = eventsFrom(next, template, job);
    next += batch;
    const answer = await unaryCall(client, `${SERVICE}/PutBatch`, request);
    if (!answer.equals(acknowledged(batch))) throw new Error(`of ${batch} events some were not acknowledged`);
    return batch;
  });
  client.close();
  return result;
}

export async function getEvents(job: GetEventsJob): Promise<LoadResult> {
  const { batch, outOf } = job;
  const client = clientOf(job.port);
  const result = await callOn(job, async () => {
    const numbers = new Set<number>();
    while (numbers.size < batch) numbers.add(Math.floor(Math.random() * outOf));
    const request = Buffer.concat([...numbers].map((number) => record(1, Buffer.from(idOf(number)))));
    const count = countRecords(await unaryCall(client, `${SERVICE}/GetBatch`, request));
    if (count !== batch) throw new Error(`of ${batch} events ${count} came`);
    return batch;
  });
  client.close();
  return result;
}

/** A request of events whose ids are still to be written: binary data, so that each is as large as it is to be. */
function templateOf({ batch, eventBytes }: PutEventsJob): Buffer {
  const id = record(1, Buffer.alloc(ID_BYTES));
  const data = record(6, Buffer.alloc(eventBytes - id.length - DATA_PREFIX_BYTES, "0123456789"));
  const event = record(1, Buffer.concat([id, data]));
  return Buffer.concat(Array.from({ length: batch }, () => event));
}

function eventsFrom(first: number, template: Buffer, { batch, eventBytes }: PutEventsJob): Buffer {
  const request = Buffer.from(template);
  const listedBytes = request.length / batch;
  for (let place = 0; place < batch; place++) {
    // An event begins with the tag of its id, and the length.
    request.write(idOf(first + place), (place + 1) * listedBytes - eventBytes + 2, "latin1");
  }
  return request;
}

/** As random as ids are, and the same each time: those of neighbours have nothing in common. */
function idOf(number: number): string {
  const [a, b, c, d] = [1, 2, 3, 4].map((seed) =>
    mixed(number * 4 + seed)
      .toString(16)
      .padStart(8, "0"),
  );
  return `${a}-${b?.slice(0, 4)}-${b?.slice(4)}-${c?.slice(0, 4)}-${c?.slice(4)}${d}`;
}

/** Each number below 2^32 has another one: https://github.com/aappleby/smhasher (fmix32 of MurmurHash3). */
function mixed(number: number): number {
  let hash = number >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The answer that acknowledges so many events, fewer than 16,384. */
function acknowledged(count: number): Buffer {
  return Buffer.from(count < 0x80 ? [0x08, count] : [0x08, (count & 0x7f) | 0x80, count >> 7]);
}
