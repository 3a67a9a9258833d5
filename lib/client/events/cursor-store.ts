/** Where a subscriber keeps its place: what a store is, and the two that need no files. */
import type { NetlogClient } from "../client.ts";
import { invalidArgument, isNetlogClientError } from "../errors.ts";
import type { CallOptions } from "../session.ts";

/** A place is the offset of the next message to be handled. */
export interface CursorStore {
  /** `undefined` when nothing was saved. */
  load(options: CallOptions): Promise<number | undefined>;
  /** Resolves when it is kept: what load gives from then on, also after a crash where the store outlives one. */
  save(next: number, options: CallOptions): Promise<void>;
}

/**
 * In memory, for a subscriber that begins anew with its process.
 *
 * @example
 * const store = new MemoryCursor();
 * await store.save(7);
 * console.log(await store.load()); // 7
 */
export class MemoryCursor implements CursorStore {
  #next: number | undefined;

  /** `next`: the place to begin with. */
  constructor(next?: number) {
    this.#next = next;
  }

  /**
   * @example
   * console.log(await new MemoryCursor().load()); // undefined
   */
  load(): Promise<number | undefined> {
    return Promise.resolve(this.#next);
  }

  /**
   * @example
   * const store = new MemoryCursor(3);
   * await store.save(4);
   * console.log(await store.load()); // 4
   */
  save(next: number): Promise<void> {
    this.#next = next;
    return Promise.resolve();
  }
}

/**
 * On the server, as the place of a scanner of that name, which is created by the first save: nothing to keep on this
 * side, and `netlog scanners` shows the lag. As durable as the topic.
 *
 * @example
 * const store = new ServerCursor(netlog, "demo", "billing");
 * await store.save(0);
 * console.log((await topic.scanner("billing").info()).lag); // 0
 */
export class ServerCursor implements CursorStore {
  readonly #client: NetlogClient;
  readonly #topic: string;
  readonly #name: string;
  #isThere = false;

  /** @throws NetlogClientError invalid_topic_name; invalid_argument for an empty name. */
  constructor(client: NetlogClient, topic: string, name: string) {
    client.topic(topic).scanner(name);
    this.#client = client;
    this.#topic = topic;
    this.#name = name;
  }

  /**
   * @throws what Scanner.info throws, but not when scanner or topic are missing: then nothing was saved;
   *   invalid_argument for a scanner that leases messages.
   *
   * @example
   * console.log(await new ServerCursor(netlog, "demo", "billing").load()); // undefined
   */
  async load(options: CallOptions = {}): Promise<number | undefined> {
    try {
      const { next, ack } = await this.#client.topic(this.#topic).scanner(this.#name).info(options);
      if (ack === "explicit") {
        throw invalidArgument(
          `the scanner ${this.#name} of ${this.#topic} leases messages, and keeps no place`,
        );
      }
      this.#isThere = true;
      return next;
    } catch (error) {
      if (isNetlogClientError(error, "scanner_not_found", "topic_not_found")) return undefined;
      throw error;
    }
  }

  /**
   * @throws what Topic.createScanner and Scanner.seek throw: scanner_exists for one of that name that leases messages.
   *
   * @example
   * await topic.publishBatch(["one", "two"]);
   * const store = new ServerCursor(netlog, "demo", "billing");
   * await store.save(1);
   * console.log(await store.load()); // 1
   */
  async save(next: number, options: CallOptions = {}): Promise<void> {
    const scanner = this.#client.topic(this.#topic).scanner(this.#name);
    try {
      if (!this.#isThere) await this.#create(next, options);
      await scanner.seek(next, options);
    } catch (error) {
      if (isNetlogClientError(error, "scanner_not_found")) {
        await this.#create(next, options);
        return;
      }
      // Dropped by retention meanwhile: the first one kept is the next one to be handled.
      if (!isNetlogClientError(error, "offset_not_found") || error.firstOffset === undefined) throw error;
      if (this.#isThere) await scanner.seek(error.firstOffset, options);
      else await this.#create(error.firstOffset, options);
    }
  }

  async #create(next: number, options: CallOptions): Promise<void> {
    const topic = this.#client.topic(this.#topic);
    await topic.createScanner({ id: this.#name, from: next, persist: true, ack: "auto", ...options });
    this.#isThere = true;
  }
}
