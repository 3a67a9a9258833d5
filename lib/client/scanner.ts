/** What is done with a scanner: messages out of it, their settling, its place. */
import { Delivery, type NackOptions } from "./delivery.ts";
import { invalidArgument, isNetlogClientError } from "./errors.ts";
import { headerNumber, messageParts } from "./headers.ts";
import { parseLines } from "./ndjson.ts";
import { poll, waitParameter } from "./polls.ts";
import type { RepeatMode, RetryOption } from "./retry.ts";
import { type ScannedOptions, scanned } from "./scanned.ts";
import { type LeaseMode, milliseconds } from "./scanner-options.ts";
import { type CallOptions, type PatienceOptions, patientSession, type Session } from "./session.ts";
import { type Offset, spellOffset } from "./spelling.ts";
import type { PendingMessage, ScannerDescription } from "./wire.ts";
import { type WorkOptions, work } from "./work.ts";

export interface ScanOptions extends CallOptions, RetryOption {
  /** How long to wait for a message, in ms; Infinity for ever; 0 by default. */
  readonly waitMs?: number | undefined;
}

export interface ScanBatchOptions extends ScanOptions {
  /** Messages at most: 1,000 by default, 100,000 at most. */
  readonly max?: number | undefined;
}

export interface SettleOptions extends CallOptions {
  /** Only what this lease still holds is meant. Without it, the message is meant, whichever lease holds it now. */
  readonly lease?: string | undefined;
}

export interface PendingOptions extends CallOptions {
  /** Only those of a higher offset: the last one of the list before. */
  readonly after?: number | undefined;
  /** 1,000 by default and at most. */
  readonly limit?: number | undefined;
}

export interface Settled {
  readonly settled: number;
  /** Offsets that the lease does not hold any more, or that nobody does. */
  readonly refused: readonly number[];
}

const DEFAULT_SCAN_MAX = 1000;

/** Made by Topic.createScanner and Topic.scanner. Rejects with a NetlogClientError, or with the signal's reason. */
export class Scanner {
  readonly topicName: string;
  readonly id: string;
  readonly #session: Session;
  #ack: LeaseMode | undefined;

  /** `ack`: how it was created, where that is known. @throws invalid_argument for an empty id. */
  constructor(session: Session, topicName: string, id: string, ack: LeaseMode | undefined) {
    if (id === "") throw invalidArgument("the id of a scanner is empty");
    this.#session = session;
    this.topicName = topicName;
    this.id = id;
    this.#ack = ack;
  }

  /**
   * The next message; `undefined` when there is none in time, and at the end of a closed topic. A scanner with
   * acknowledgements leases it: ack, nack or touch it. The client retries where the server has surely given out nothing,
   * and with acknowledgements always, because a message whose answer was lost comes again. Without them such a message
   * is lost, and the error says so.
   *
   * @throws NetlogClientError topic_not_found; scanner_not_found; checksum_error for damage, behind which the scanner
   *   goes on by itself; checksum_mismatch.
   *
   * @example
   * await topic.publish("hello");
   * const scanner = await topic.createScanner({ from: "first" });
   * const message = await scanner.scan({ waitMs: 1000 });
   * console.log(message?.text()); // hello
   */
  async scan(options: ScanOptions = {}): Promise<Delivery | undefined> {
    const [message] = await this.#poll(options, { wait: undefined }, (headers, payload) => [
      new Delivery(this, {
        ...messageParts(headers, payload),
        delivery: headerNumber(headers, "X-Delivery"),
        lease: headers.get("X-Lease") ?? undefined,
        skipped: headerNumber(headers, "X-Skipped") ?? 0,
      }),
    ]);
    return message;
  }

  /**
   * The next messages, in one answer: at least one, or none when there is none in time. Waits for the first one only.
   * Retried as scan is.
   *
   * @throws as scan does.
   *
   * @example
   * await topic.publishBatch(["one", "two", "three"]);
   * const scanner = await topic.createScanner({ from: "first" });
   * const messages = await scanner.scanBatch({ max: 2 });
   * console.log(messages.map((message) => message.text()).join()); // one,two
   */
  async scanBatch(options: ScanBatchOptions = {}): Promise<Delivery[]> {
    const { max = DEFAULT_SCAN_MAX } = options;
    return await this.#poll(options, { max, format: "ndjson" }, (headers, body) => {
      const lease = headers.get("X-Lease") ?? undefined;
      let skipped = headerNumber(headers, "X-Skipped") ?? 0;
      const deliveries: Delivery[] = [];
      for (const line of parseLines(body)) {
        if (line.kind !== "message") continue;
        deliveries.push(new Delivery(this, { ...line.message, delivery: line.delivery, lease, skipped }));
        skipped = 0;
      }
      return deliveries;
    });
  }

  /**
   * Messages one after the other, without end; waits for those to come. With acknowledgements each is acknowledged
   * when the loop asks for the next one, unless the body has settled it itself. Leaving the loop gives the current one
   * back, as an error in the body does: to stop behind a message, `await message.ack()` before `break`. Failures that
   * may pass are waited out. Aborting the signal ends the loop without an error, and so does the end of a closed topic.
   *
   * @throws as scan does, and what an acknowledgement throws; `onLeaseLost` gets lease_lost, and the loop goes on.
   *
   * @example
   * await topic.publishBatch(["one", "two", "three"]);
   * const scanner = await topic.createScanner({ id: "workers", ack: "explicit" });
   * for await (const message of scanner.messages()) {
   *   console.log(message.text()); // one
   *   await message.ack();
   *   break;
   * }
   */
  messages(options: ScannedOptions = {}): AsyncGenerator<Delivery, void, undefined> {
    return scanned(this.#patient(options), this, options);
  }

  /**
   * Gives each message to `handle`, without end: acknowledged when that resolves, given back when it rejects, its
   * lease kept alive meanwhile. Resolves when the signal is aborted and what was begun is done, and at the end of a closed topic.
   *
   * @throws as scan does. What `handle` rejects with goes to `onError`.
   *
   * @example
   * await topic.publishBatch(["one", "two"]);
   * const scanner = await topic.createScanner({ id: "workers", ack: "explicit" });
   * const stop = new AbortController();
   * await scanner.work(
   *   async (job) => {
   *     console.log(job.text()); // one
   *     stop.abort();
   *   },
   *   { signal: stop.signal },
   * );
   */
  async work(handle: (message: Delivery) => Promise<void> | void, options: WorkOptions = {}): Promise<void> {
    const { runtime } = this.#session.connection;
    await work({ source: (patience) => this.#patient(patience), returns: this, runtime }, handle, options);
  }

  /**
   * Acknowledges messages; with `lease` alone, and no offset, all that the lease holds. Settling twice is fine. Retried.
   *
   * @throws NetlogClientError lease_lost for a single offset that is not held any more; scanner_without_ack;
   *   offset_not_found for one that was never given out.
   *
   * @example
   * await topic.publishBatch(["one", "two"]);
   * const scanner = await topic.createScanner({ id: "workers", ack: "explicit" });
   * const messages = await scanner.scanBatch();
   * const { settled } = await scanner.ack(messages.map(({ offset }) => offset));
   * console.log(settled); // 2
   */
  async ack(offsets: number | readonly number[] | undefined, options: SettleOptions = {}): Promise<Settled> {
    const { lease, signal } = options;
    return await this.#settle("ack", offsets, { lease }, signal, "recognized");
  }

  /**
   * Gives messages back; see Delivery.nack. Retried with `lease`, and without one only where it was surely not done: by
   * then another worker may have the message.
   *
   * @throws as ack does; bad_request for `dead` with `delayMs`.
   *
   * @example
   * await topic.publish("job");
   * const scanner = await topic.createScanner({ id: "workers", ack: "explicit" });
   * const [job] = await scanner.scanBatch();
   * if (job !== undefined) await scanner.nack(job.offset, { delayMs: 60_000 });
   * console.log(await scanner.scan()); // undefined
   */
  async nack(
    offsets: number | readonly number[] | undefined,
    options: NackOptions & SettleOptions = {},
  ): Promise<Settled> {
    const { lease, signal, delayMs, dead } = options;
    const query = { lease, delay: milliseconds(delayMs), dead: dead === true ? true : undefined };
    return await this.#settle("nack", offsets, query, signal, lease === undefined ? "undone" : "always");
  }

  /**
   * Starts leases anew; see Delivery.touch. Retried as nack is.
   *
   * @throws as ack does.
   *
   * @example
   * await topic.publish("job");
   * const scanner = await topic.createScanner({ id: "workers", ack: "explicit" });
   * const [job] = await scanner.scanBatch();
   * if (job !== undefined) await scanner.touch(job.offset, { lease: job.lease });
   */
  async touch(
    offsets: number | readonly number[] | undefined,
    options: SettleOptions = {},
  ): Promise<Settled> {
    const { lease, signal } = options;
    return await this.#settle("touch", offsets, { lease }, signal, lease === undefined ? "undone" : "always");
  }

  /**
   * Place, lag, pending messages and settings. Retried.
   *
   * @throws NetlogClientError topic_not_found; scanner_not_found.
   *
   * @example
   * await topic.publishBatch(["one", "two"]);
   * const scanner = await topic.createScanner();
   * console.log((await scanner.info()).lag); // 2
   */
  async info(options: CallOptions = {}): Promise<ScannerDescription> {
    const query = { id: this.id };
    return await this.#session.json(
      { method: "GET", path: [this.topicName, "scanner"], query, ...options },
      "always",
    );
  }

  /**
   * Messages given out and not settled, in the order of offsets, a list at a time. Retried.
   *
   * @throws NetlogClientError topic_not_found; scanner_not_found; scanner_without_ack.
   *
   * @example
   * await topic.publishBatch(["one", "two"]);
   * const scanner = await topic.createScanner({ id: "workers", ack: "explicit" });
   * await scanner.scan();
   * const [message] = await scanner.pending();
   * console.log(message?.offset, message?.deliveries, message?.state); // 0 1 leased
   */
  async pending(options: PendingOptions = {}): Promise<PendingMessage[]> {
    const { signal, after, limit } = options;
    const query = { id: this.id, after, limit };
    return await this.#session.json(
      { method: "GET", path: [this.topicName, "pending"], query, signal },
      "always",
    );
  }

  /**
   * Moves it: leases end, what was settled from there on is forgotten, what is before it counts as settled. Retried
   * only where it was surely not done, for others may have scanned since.
   *
   * @throws NetlogClientError offset_not_found; invalid_offset; topic_not_found; scanner_not_found.
   *
   * @example
   * await topic.publishBatch(["one", "two"]);
   * const scanner = await topic.createScanner();
   * await scanner.seek("end");
   * console.log(await scanner.scan()); // undefined
   */
  async seek(to: Offset, options: CallOptions = {}): Promise<ScannerDescription> {
    const query = { id: this.id, to: spellOffset(to) };
    return await this.#session.json(
      { method: "POST", path: [this.topicName, "seek"], query, ...options },
      "undone",
    );
  }

  /**
   * Deletes it, its leases included. Retried only where it was surely not done.
   *
   * @throws NetlogClientError topic_not_found; scanner_not_found.
   *
   * @example
   * const scanner = await topic.createScanner();
   * await scanner.delete();
   */
  async delete(options: CallOptions = {}): Promise<void> {
    const query = { id: this.id };
    await this.#session.call(
      { method: "DELETE", path: [this.topicName, "scanner"], query, ...options },
      "undone",
    );
  }

  /** The same scanner for a loop that waits out what may pass. */
  #patient(options: PatienceOptions): Scanner {
    return new Scanner(patientSession(this.#session, options), this.topicName, this.id, this.#ack);
  }

  async #poll(
    { waitMs = 0, retry, signal }: ScanOptions,
    query: Readonly<Record<string, string | number | undefined>>,
    read: (headers: Headers, body: Uint8Array) => Delivery[],
  ): Promise<Delivery[]> {
    const path = [this.topicName, "scan"];
    const found = await poll<Delivery[]>(waitMs, async (pollMs) => {
      const wait = waitParameter(pollMs);
      const all = { id: this.id, ...query, wait };
      const mode = retry ?? (this.#ack === "explicit" ? "always" : "undone");
      try {
        return await this.#session.repeat(mode, signal, async () => {
          const call = { method: "POST", path, query: all, waitMs: pollMs, signal } as const;
          const { headers, body } = await this.#session.connection.call(call);
          if (headers.has("X-Lease")) this.#ack = "explicit";
          return read(headers, body);
        });
      } catch (error) {
        if (!isNetlogClientError(error, "end_of_topic")) throw error;
        if (error.isClosed) return "end";
        return error.hasMore ? "more" : undefined;
      }
    });
    return found ?? [];
  }

  async #settle(
    verb: "ack" | "nack" | "touch",
    offsets: number | readonly number[] | undefined,
    query: Readonly<Record<string, string | boolean | undefined>>,
    signal: AbortSignal | undefined,
    mode: RepeatMode,
  ): Promise<Settled> {
    const isOne = typeof offsets === "number";
    const body = isOne || offsets === undefined ? undefined : JSON.stringify(offsets);
    const all = { id: this.id, offset: isOne ? offsets : undefined, ...query };
    return await this.#session.json<Settled>(
      {
        method: "POST",
        path: [this.topicName, verb],
        query: all,
        body,
        contentType: "application/json",
        signal,
      },
      mode,
    );
  }
}
