/**
 * The ways out of a topic for readers without a scanner: single messages, cursors, and where reading begins. Scanners
 * read through the same reader.
 */
import { isNetlogError, NetlogError } from "../base/errors.ts";
import type { Log } from "../log/log.ts";
import { encodeFields } from "../message/fields.ts";
import { FrameCursors } from "../reading/frame-cursors.ts";
import { KeySearch, requireKeys } from "../reading/key-search.ts";
import {
  type Message,
  type MessageCursor,
  MessageReader,
  type MessageReaderOptions,
} from "../reading/message-reader.ts";
import { resolveOffset } from "../reading/offsets.ts";
import { requireReadable } from "../reading/readable.ts";
import { TopicCursor } from "../reading/topic-cursor.ts";
import { TopicWaits } from "../reading/topic-waits.ts";
import type { TopicSettings } from "./setting-table.ts";
import type { TopicShared } from "./topic-shared.ts";

type Shared = Pick<TopicShared, "sets" | "offload" | "limits" | "runtime" | "readBuffers">;

export class WaysOut {
  readonly reader: MessageReader;
  readonly #readerOptions: MessageReaderOptions;
  readonly #log: Log;
  readonly #settings: TopicSettings;
  readonly #shared: Shared;
  readonly #frameCursors: FrameCursors;
  readonly #waits: TopicWaits;
  /** For reads by offset: a client that reads one message after another is likely to come this way. */
  readonly #cursor: MessageCursor;

  /** `settings` are those in force, whenever they are looked at. */
  constructor(log: Log, settings: TopicSettings, shared: Shared) {
    const { sets, offload, limits, runtime } = shared;
    this.#log = log;
    this.#settings = settings;
    this.#shared = shared;
    this.#readerOptions = { log, sets, offload, limits };
    this.reader = new MessageReader(this.#readerOptions);
    this.#frameCursors = new FrameCursors(log, limits.idleCursors);
    this.#waits = new TopicWaits({ log, runtime, limits });
    this.#cursor = this.reader.openCursor();
    this.settingsChanged();
  }

  /** Only a topic whose settings were lost gets another content type than it had. */
  settingsChanged(): void {
    const { content_type: contentType } = this.#settings;
    this.#readerOptions.typeField = contentType === undefined ? undefined : encodeFields({ contentType });
  }

  async message(offset: number): Promise<Message> {
    if (offset < 0) throw new NetlogError("offset_not_found");
    return await this.#cursor.read(offset);
  }

  resolveOffset(text: string): Promise<number> {
    return resolveOffset(text, this.#log, this.#shared.runtime.now());
  }

  async startOf(from: string, name: string): Promise<number> {
    const offset = await this.requireOffset(from, name);
    requireReadable(this.#log, offset, { name });
    return offset;
  }

  /** A number, or what a spelling stands for now. @throws bad_request, which calls it `name`; topic_unavailable. */
  async requireOffset(from: number | string, name = "from"): Promise<number> {
    if (typeof from === "number") return from;
    try {
      return await this.resolveOffset(from);
    } catch (error) {
      if (!isNetlogError(error, "invalid_offset") || error.reason === undefined) throw error;
      throw new NetlogError("bad_request", { reason: `${name}: ${error.reason}`, cause: error });
    }
  }

  openCursor(keys?: readonly string[]): TopicCursor {
    const { readBuffers, runtime, limits } = this.#shared;
    return new TopicCursor({
      log: this.#log,
      messages: this.reader.openCursor(),
      frameCursors: this.#frameCursors,
      waits: this.#waits,
      readBuffers,
      runtime,
      limits,
      search: keys?.length ? KeySearch.of(requireKeys(keys, limits), limits) : undefined,
    });
  }

  /** Nothing waits any more for messages to come. */
  refuseWaits(): void {
    this.#waits.refuse();
  }
}
