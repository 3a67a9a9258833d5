/**
 * Requests of JetStream's API that netlog needs, over the plain connection: streams, and messages in them. What JetStream
 * refuses is a JetStreamError with its number; what gets no answer is a NoAnswer, and then nobody knows what was done,
 * unless its kind tells. Sources: ADR-1 (API), ADR-31 (direct get) of nats-io/nats-architecture-and-design.
 */
import type { Timer } from "../../base/runtime.ts";
import type { EngineConnection, Received, RequestFacts } from "./connection.ts";
import { isJetStreamError, JetStreamError, NoAnswer } from "./errors.ts";
import { configOf, type NewStream, type StreamConfig, type StreamInfo } from "./stream-config.ts";

const API = "$JS.API";
/** A copy that does not answer within this is taken to be frozen, and no copy is asked for a while. */
const COPYS_ANSWER_MS = 1000;
const LEADERS_ONLY_MS = 10_000;

/** A message as a stream keeps it. */
export interface StoredMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Buffer;
}

/** Which message: the one of a number, the first from a number on under a subject, or the newest under a subject. */
export type MessageChoice =
  | { readonly sequence: number }
  | { readonly sequence: number; readonly nextOf: string }
  | { readonly lastOf: string };

export interface PublishFacts {
  /** The stream that the subject must lead to. */
  readonly stream: string;
  /** The stream's newest message when this one is stored: JetStream refuses it otherwise. Any when absent. */
  readonly lastSequence?: number;
  /** `engineRequestMs` when absent. */
  readonly timeoutMs?: number;
}

interface ApiError {
  readonly err_code?: number;
  readonly code?: number;
  readonly description?: string;
}

export class JetStreamApi {
  readonly connection: EngineConnection;
  /** Runs while copies are not asked. */
  #leadersOnly: Timer | undefined;

  constructor(connection: EngineConnection) {
    this.connection = connection;
  }

  /** Resolves to the message's sequence when a majority has it. */
  async publish(subject: string, payload: Uint8Array, facts: PublishFacts): Promise<number> {
    const headers: [string, string][] = [["Nats-Expected-Stream", facts.stream]];
    if (facts.lastSequence !== undefined) {
      headers.push(["Nats-Expected-Last-Sequence", String(facts.lastSequence)]);
    }
    const ack = parse<{ seq: number }>(
      await this.connection.request(subject, payload, { headers, ...timeoutOf(facts) }),
    );
    return ack.seq;
  }

  /**
   * Makes a stream. Where one of exactly this configuration is there, nothing happens, and `isNew` is false on servers
   * that say so; a description with an id of its own tells for certain.
   */
  async createStream(stream: NewStream, timeoutMs?: number): Promise<{ info: StreamInfo; isNew: boolean }> {
    const info = await this.#call<StreamInfo & { did_create?: boolean }>(
      `STREAM.CREATE.${stream.name}`,
      configOf(stream),
      timeoutMs,
    );
    return { info, isNew: info.did_create !== false };
  }

  /** `undefined`: there is none of this name. */
  async streamInfo(name: string, timeoutMs?: number): Promise<StreamInfo | undefined> {
    return undefinedWhen("streamNotFound", this.#call<StreamInfo>(`STREAM.INFO.${name}`, {}, timeoutMs));
  }

  /** Puts a configuration in the place of a stream's; what it does not name becomes the default. */
  updateStream(config: StreamConfig): Promise<StreamInfo> {
    return this.#call(`STREAM.UPDATE.${config.name}`, config);
  }

  /** False: there was none. */
  async deleteStream(name: string): Promise<boolean> {
    const answer = await undefinedWhen("streamNotFound", this.#call(`STREAM.DELETE.${name}`, {}));
    return answer !== undefined;
  }

  /** The names of all streams that take messages under `subject`. */
  async streamNames(subject: string): Promise<string[]> {
    const names: string[] = [];
    for (;;) {
      const page = await this.#call<{ total: number; streams: string[] | null }>("STREAM.NAMES", {
        subject,
        offset: names.length,
      });
      names.push(...(page.streams ?? []));
      if ((page.streams ?? []).length === 0 || names.length >= page.total) return names;
    }
  }

  /** Removes messages: those below `belowSequence`, those under `subject`, or those that are both; else all. */
  async purge(stream: string, what: { belowSequence?: number; subject?: string }): Promise<number> {
    const { belowSequence, subject } = what;
    const request = {
      ...(belowSequence === undefined ? {} : { seq: belowSequence }),
      ...(subject === undefined ? {} : { filter: subject }),
    };
    return (await this.#call<{ purged: number }>(`STREAM.PURGE.${stream}`, request)).purged;
  }

  /** A message as the stream's leader has it; `undefined`: there is none. */
  async leadersMessage(
    stream: string,
    choice: MessageChoice,
    timeoutMs?: number,
  ): Promise<StoredMessage | undefined> {
    const answer = await undefinedWhen(
      "noMessage",
      this.#call<{ message: { seq: number; subject: string; data?: string } }>(
        `STREAM.MSG.GET.${stream}`,
        requestOf(choice),
        timeoutMs,
      ),
    );
    if (answer === undefined) return undefined;
    const { seq, subject, data = "" } = answer.message;
    return { sequence: seq, subject, data: Buffer.from(data, "base64") };
  }

  /**
   * A message as any copy of the stream has it, without a detour over the leader; `undefined`: that copy has none, which
   * says nothing of the others.
   */
  async anyCopysMessage(
    stream: string,
    choice: MessageChoice,
    timeoutMs?: number,
  ): Promise<StoredMessage | undefined> {
    const subject = `${API}.DIRECT.GET.${stream}`;
    const request = JSON.stringify(requestOf(choice));
    const { data, headers } = await this.connection.request(subject, request, timeoutOf({ timeoutMs }));
    if (headers === undefined) throw new JetStreamError(0, "a direct get without headers");
    if (headers.code === 404) return undefined;
    if (headers.code !== 0) throw new JetStreamError(0, `${headers.code} ${headers.description}`);
    return {
      sequence: Number(headers.get("Nats-Sequence")),
      subject: headers.get("Nats-Subject"),
      data: bufferOf(data),
    };
  }

  /**
   * As `anyCopysMessage`, and the leader's where that copy has none. NATS chooses the copy, and goes on choosing one that is
   * frozen: then all such reads go to the leader for a while.
   */
  async message(stream: string, choice: MessageChoice): Promise<StoredMessage | undefined> {
    if (this.#leadersOnly === undefined) {
      try {
        const found = await this.anyCopysMessage(stream, choice, COPYS_ANSWER_MS);
        if (found !== undefined) return found;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        this.askLeadersOnly();
      }
    }
    return this.leadersMessage(stream, choice);
  }

  /** For a while `message` asks no copy but the leader's. */
  askLeadersOnly(): void {
    this.#leadersOnly ??= this.connection.timer(LEADERS_ONLY_MS, () => {
      this.#leadersOnly = undefined;
    });
  }

  /** For parts of the API beside streams. @throws JetStreamError, NoAnswer. */
  call<Answer>(name: string, request: object, timeoutMs?: number): Promise<Answer> {
    return this.#call(name, request, timeoutMs);
  }

  async #call<Answer>(name: string, request: object, timeoutMs?: number): Promise<Answer> {
    const facts = timeoutOf({ timeoutMs });
    return parse(await this.connection.request(`${API}.${name}`, JSON.stringify(request), facts));
  }
}

function requestOf(choice: MessageChoice): object {
  if ("lastOf" in choice) return { last_by_subj: choice.lastOf };
  return "nextOf" in choice
    ? { seq: choice.sequence, next_by_subj: choice.nextOf }
    : { seq: choice.sequence };
}

function timeoutOf({ timeoutMs }: { readonly timeoutMs?: number | undefined }): RequestFacts {
  return timeoutMs === undefined ? {} : { timeoutMs };
}

/** @throws JetStreamError: JetStream refused, or the answer is none of its own. */
function parse<Answer>({ data }: Received): Answer {
  const text = bufferOf(data).toString();
  let answer: { error?: ApiError } & Answer;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(new JetStreamError(0, "the answer is no JSON"), { cause });
  }
  const { error } = answer;
  if (error === undefined) return answer;
  throw new JetStreamError(error.err_code ?? error.code ?? 0, error.description ?? "no description");
}

/** The bytes themselves, without a copy. */
export function bufferOf(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

async function undefinedWhen<Answer>(
  code: "streamNotFound" | "noMessage",
  answer: Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isJetStreamError(error, code)) return undefined;
    throw error;
  }
}
