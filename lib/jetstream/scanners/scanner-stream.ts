/**
 * The stream of what a topic keeps beside its messages: its persistent scanners, and the state that remembers its appends,
 * as files of records (kept-files.ts). It is made when the first of them is to be kept, so most topics have none.
 */
import { NetlogError } from "../../base/errors.ts";
import type { Owner } from "../log/claim.ts";
import { bodyOf, decodeEnvelope, KEPT_KIND } from "../log/envelope.ts";
import type { EngineShared } from "../log/stream-log-options.ts";
import type { StoredMessage } from "../nats/jetstream-api.ts";
import { readFromLeader, readStream } from "../nats/read-stream.ts";
import { refusedByEngine } from "../nats/refusals.ts";
import type { TopicAdmin } from "../topics/topic-admin.ts";
import type { TopicIdentity } from "../topics/topic-description.ts";
import { claimKept, type KeptClaim } from "./kept-claim.ts";
import {
  decodeRecord,
  encodeRecord,
  type KeptFile,
  KeptFiles,
  type KeptKind,
  type KeptStore,
} from "./kept-files.ts";
import { KeptWriter } from "./kept-writer.ts";

export interface ScannerStreamOptions {
  readonly shared: EngineShared;
  readonly admin: TopicAdmin;
  readonly topic: TopicIdentity;
  readonly owner: Owner;
  /** The sequence of the claim by which this server took the log over. */
  readonly epoch: number;
  /** Resolves when the log is still this server's. @throws topic_unavailable. */
  readonly confirmOwner: () => Promise<void>;
}

/** The files may be many MiB: who opens the stream takes out of them what it needs. */
export interface OpenedStream {
  readonly stream: ScannerStream;
  readonly files: KeptFiles;
  /** No server had a stream before that NATS still has something of. */
  readonly isNew: boolean;
}

export class ScannerStream implements KeptStore {
  readonly #options: ScannerStreamOptions;
  readonly #name: string;
  /** `undefined`: there is no stream yet. */
  #writer: KeptWriter | undefined;
  #making: Promise<KeptWriter> | undefined;
  /** Those that have records, or had some. */
  readonly #subjects: Set<string>;
  readonly #purges = new Set<Promise<void>>();
  #isClosed = false;

  /** Takes the stream over, where there is one, and reads what it has. @throws topic_unavailable. */
  static async open(options: ScannerStreamOptions): Promise<OpenedStream> {
    const { shared, topic, admin } = options;
    try {
      if (!(await admin.findScanners(topic))) {
        const files = new KeptFiles();
        return { stream: new ScannerStream(options, files, undefined), files, isNew: true };
      }
      const { sequence: lastSequence, isFirst: isNew } = await claimStream(options);
      const files = await readFiles(shared, shared.names.scannerStream(topic.name), lastSequence);
      const writer = writerOf(options, lastSequence);
      return { stream: new ScannerStream(options, files, writer), files, isNew };
    } catch (error) {
      throw refusedByEngine(error, "the stream of the topic's scanners");
    }
  }

  private constructor(options: ScannerStreamOptions, files: KeptFiles, writer: KeptWriter | undefined) {
    this.#options = options;
    this.#name = options.shared.names.scannerStream(options.topic.name);
    this.#writer = writer;
    this.#subjects = new Set(files.allSubjects);
  }

  async put(subject: string, pieces: Iterable<Buffer>): Promise<void> {
    const { runtime, limits } = this.#options.shared;
    let number = 0;
    let firstSequence: number | undefined;
    let held: Buffer[] = [];
    let heldBytes = 0;
    const write = async (kind: KeptKind, bytes: Buffer): Promise<void> => {
      const sequence = await this.#write(subject, kind, number, bytes);
      firstSequence ??= sequence;
      number += 1;
    };
    for (const piece of pieces) {
      for (let rest = piece; rest.length > 0; ) {
        const taken = rest.subarray(0, limits.engineMessageBytes - heldBytes);
        held.push(taken);
        heldBytes += taken.length;
        rest = rest.subarray(taken.length);
        if (heldBytes < limits.engineMessageBytes) continue;
        await write("part", Buffer.concat(held));
        [held, heldBytes] = [[], 0];
        await runtime.pause();
      }
    }
    await write("whole", Buffer.concat(held));
    if (this.#subjects.has(subject)) this.#purge(subject, firstSequence!);
    this.#subjects.add(subject);
  }

  async add(subject: string, bytes: Buffer): Promise<void> {
    await this.#write(subject, "more", 0, bytes);
  }

  async remove(subject: string): Promise<void> {
    this.#purge(subject, (await this.#write(subject, "gone", 0, Buffer.alloc(0))) + 1);
    this.#subjects.delete(subject);
  }

  /** A file as it is now. @throws topic_unavailable. */
  async read(subject: string): Promise<KeptFile | undefined> {
    const { api } = this.#options.shared;
    const files = new KeptFiles();
    try {
      for (let sequence = 1; ; ) {
        const message = await api.leadersMessage(this.#name, { sequence, nextOf: subject });
        if (message === undefined) return files.file(subject);
        take(files, message);
        sequence = message.sequence + 1;
      }
    } catch (error) {
      throw refusedByEngine(error, "the stream of the topic's scanners");
    }
  }

  /** Writes what is on its way, and lets go. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#making?.catch(() => {});
    await this.#writer?.close();
    await Promise.all(this.#purges);
  }

  /** Removes what is of no use any more, in the background: where it stays, the next replacement removes it. */
  #purge(subject: string, belowSequence: number): void {
    const { api, logger } = this.#options.shared;
    const purge = api
      .purge(this.#name, { subject, belowSequence })
      .catch((error: unknown) => {
        logger.warn({ err: error, subject }, "what was replaced or deleted was not removed from NATS");
      })
      .then(() => void this.#purges.delete(purge));
    this.#purges.add(purge);
  }

  async #write(subject: string, kind: KeptKind, number: number, bytes: Buffer): Promise<number> {
    const writer = await this.#requireWriter();
    return await writer.write(subject, encodeRecord({ kind, number, bytes }));
  }

  /** Those who come while it is made wait for the same; after a failure the next one tries anew. */
  async #requireWriter(): Promise<KeptWriter> {
    if (this.#isClosed) throw new NetlogError("topic_unavailable", { reason: "the topic is closed" });
    const writer = this.#writer;
    if (writer !== undefined && writer.endedAs !== "unresolved") return writer;
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    return await this.#making;
  }

  /**
   * A new stream is used when the log was still this server's behind its making: a later owner then finds the stream. After a
   * record whose outcome stayed unknown, a claim in its place keeps it out.
   */
  async #make(): Promise<KeptWriter> {
    const { admin, topic, confirmOwner } = this.#options;
    const isNew = this.#writer === undefined;
    try {
      if (isNew) await admin.createScanners(topic);
      const note = () =>
        admin.describe(topic.name, topic.id, (described) => ({ ...described, hasKept: true }));
      const [{ sequence: lastSequence }] = await Promise.all([
        claimStream(this.#options),
        ...(isNew ? [confirmOwner(), note()] : []),
      ]);
      this.#writer = writerOf(this.#options, lastSequence);
      return this.#writer;
    } catch (error) {
      throw refusedByEngine(error, "the stream of the topic's scanners");
    }
  }
}

/** A consumer reads one copy of the stream. Where that has fewer messages than the leader, the leader's count. */
async function readFiles(shared: EngineShared, stream: string, lastSequence: number): Promise<KeptFiles> {
  const { api, logger } = shared;
  const files = new KeptFiles();
  let messages = 0;
  for await (const message of readStream({ ...shared, stream, lastSequence })) {
    take(files, message);
    messages += 1;
  }
  // What is purged meanwhile was read before.
  const leadersMessages = (await api.streamInfo(stream))?.state.messages ?? 0;
  if (messages >= leadersMessages) return files;
  logger.warn({ stream, messages, leadersMessages }, "a copy of a stream lacks messages that its leader has");
  const leaders = new KeptFiles();
  for await (const message of readFromLeader({ api, stream, lastSequence })) take(leaders, message);
  return leaders;
}

function claimStream(options: ScannerStreamOptions): Promise<KeptClaim> {
  const { shared, topic, owner, epoch, confirmOwner } = options;
  const { names } = shared;
  const [stream, subject] = [names.scannerStream(topic.name), names.scannerOwnerSubject(topic.name)];
  return claimKept({ ...shared, stream, subject, owner, epoch, confirmOwner });
}

function writerOf({ shared, topic, epoch }: ScannerStreamOptions, lastSequence: number): KeptWriter {
  const stream = shared.names.scannerStream(topic.name);
  return new KeptWriter({ ...shared, counters: shared.engineCounters, stream, lastSequence, epoch });
}

/** Claims are none of the files. What is damaged costs the one file that its subject names. */
function take(files: KeptFiles, { subject, data }: StoredMessage): void {
  const envelope = decodeEnvelope(data);
  if (envelope === undefined) files.take(subject, undefined);
  else if (envelope.kind === KEPT_KIND) files.take(subject, decodeRecord(bodyOf(data)));
}
