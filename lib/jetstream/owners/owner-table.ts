/**
 * Which server owns which topic, as the newest claims say. A claim that passes by is a reason to look, and no proof: NATS shows
 * it to those who listen before JetStream has taken or refused it.
 */
import { NetlogError } from "../../base/errors.ts";
import type { Runtime } from "../../base/runtime.ts";
import { type Claim, parseClaim } from "../log/claim.ts";
import { bodyOf, CLAIM_KIND, decodeEnvelope } from "../log/envelope.ts";
import { isJetStreamError, NoAnswer } from "../nats/errors.ts";
import type { JetStreamApi, StoredMessage } from "../nats/jetstream-api.ts";
import type { EngineNames } from "../nats/names.ts";

export interface Ownership {
  /** The sequence of the claim; 0: nobody has claimed the topic yet. */
  readonly epoch: number;
  /** The owner's incarnation; `undefined`: it has none. */
  readonly owner: string | undefined;
  readonly url: string | undefined;
  /** The owner moves it away, and answers for it to nobody. */
  readonly isMover?: boolean;
  /** It is nobody's for good: no server takes it up. */
  readonly isMoved?: boolean;
}

/** Nobody may answer while a stream is being made, or changes its leader: the time for each try to ask for a claim. */
const TRIES_MS = [250, 750, 2000, 2000] as const;

/** Between two looks at a topic that changes. */
const LOOK_AGAIN_MS = 20;

const NOBODY: Ownership = { epoch: 0, owner: undefined, url: undefined };

export class OwnerTable {
  readonly #api: Pick<JetStreamApi, "leadersMessage" | "streamInfo">;
  readonly #engine: EngineNames;
  readonly #topics = new Map<string, Ownership>();
  #names: readonly string[] | undefined;
  /** The topics by the subject of their claims. */
  readonly #byKey = new Map<string, string>();
  readonly #looks = new Map<string, Promise<Ownership | undefined>>();
  /** One more look is due behind the one that is under way. */
  readonly #again = new Set<string>();

  constructor(api: Pick<JetStreamApi, "leadersMessage" | "streamInfo">, names: EngineNames) {
    this.#api = api;
    this.#engine = names;
  }

  get topics(): ReadonlyMap<string, Ownership> {
    return this.#topics;
  }

  /** The topic whose claims come under `subject`, where it is known. */
  topicOf(subject: string): string | undefined {
    return this.#byKey.get(subject);
  }

  /** All topics, sorted. A change makes another array. */
  get names(): readonly string[] {
    this.#names ??= [...this.#topics.keys()].sort();
    return this.#names;
  }

  /** Topics whose claims are being looked at. */
  get lookCount(): number {
    return this.#looks.size;
  }

  isLooking(topic: string): boolean {
    return this.#looks.has(topic);
  }

  forget(topic: string): void {
    if (this.#topics.delete(topic)) this.#names = undefined;
    this.#byKey.delete(this.#engine.ownerSubject(topic));
  }

  /**
   * Looks at the newest claim; calls that come meanwhile share the result. `undefined`: there is no such topic. One that has
   * moved away is none of the table's.
   *
   * @throws what the API throws.
   */
  look(topic: string): Promise<Ownership | undefined> {
    const known = this.#looks.get(topic);
    if (known !== undefined) return known;
    const look = this.#look(topic).finally(() => this.#looks.delete(topic));
    this.#looks.set(topic, look);
    return look;
  }

  /**
   * As look, and again within so many ms until what it finds `suffices`: a topic that is being made, taken up or given away is
   * another one soon.
   *
   * @throws what the API throws.
   */
  async lookUntil(
    topic: string,
    suffices: (found: Ownership) => boolean,
    runtime: Runtime,
    withinMs: number,
  ): Promise<Ownership | undefined> {
    const endMs = runtime.elapsedMs() + withinMs;
    for (;;) {
      const found = await this.look(topic);
      if (found === undefined || suffices(found) || runtime.elapsedMs() >= endMs) return found;
      await new Promise<void>((resolve) => void runtime.setTimer(LOOK_AGAIN_MS, resolve));
    }
  }

  /** As look; behind one that is under way and may have looked too early. */
  async lookAgain(topic: string): Promise<void> {
    if (this.#looks.has(topic)) {
      if (this.#again.has(topic)) return;
      this.#again.add(topic);
      await this.#looks.get(topic)?.catch(() => {});
      this.#again.delete(topic);
    }
    await this.look(topic);
  }

  async #look(topic: string): Promise<Ownership | undefined> {
    const found = await this.#read(topic);
    if (found === undefined || found.isMoved === true) {
      this.forget(topic);
    } else {
      if (!this.#topics.has(topic)) this.#names = undefined;
      this.#topics.set(topic, found);
      this.#byKey.set(this.#engine.ownerSubject(topic), topic);
    }
    return found;
  }

  async #read(topic: string): Promise<Ownership | undefined> {
    const found = await this.#newestClaim(topic);
    if (found === undefined) return undefined;
    const { message } = found;
    if (message === undefined) return NOBODY;
    const claim = claimIn(message.data);
    if (claim === undefined) {
      const reason = `the stream ${this.#engine.logStream(topic)} of NATS has a claim that netlog did not write`;
      throw new NetlogError("topic_unavailable", { reason });
    }
    const { owner, url, isMover = false, unserved } = claim;
    if (unserved === "copying") return undefined;
    if (unserved === "moved") return { ...NOBODY, epoch: message.sequence, isMoved: true };
    // The one that let go says where it was.
    if (owner === null) return { epoch: message.sequence, owner: undefined, url: undefined };
    return { epoch: message.sequence, owner, url: url ?? undefined, isMover };
  }

  /** `undefined`: there is no such topic. */
  async #newestClaim(topic: string): Promise<{ readonly message: StoredMessage | undefined } | undefined> {
    let last: unknown;
    for (const timeoutMs of TRIES_MS) {
      try {
        return await this.#askForClaim(topic, timeoutMs);
      } catch (error) {
        if (!(error instanceof NoAnswer) || error.kind !== "timeout") throw error;
        last = error;
      }
    }
    throw last;
  }

  /**
   * A stream without messages is not asked for one: nats-server 2.9.10 ends with a segmentation fault when a stream that is
   * just being made is.
   */
  async #askForClaim(
    topic: string,
    timeoutMs: number,
  ): Promise<{ readonly message: StoredMessage | undefined } | undefined> {
    const stream = this.#engine.logStream(topic);
    try {
      const info = await this.#api.streamInfo(stream, timeoutMs);
      if (info === undefined) return undefined;
      if (info.state.last_seq === 0) return { message: undefined };
      const lastOf = this.#engine.ownerSubject(topic);
      return { message: await this.#api.leadersMessage(stream, { lastOf }, timeoutMs) };
    } catch (error) {
      if (isJetStreamError(error, "streamNotFound")) return undefined;
      throw error;
    }
  }
}

/** `undefined`: the message is no claim. */
export function claimIn(message: Buffer): Claim | undefined {
  return decodeEnvelope(message)?.kind === CLAIM_KIND ? parseClaim(bodyOf(message)) : undefined;
}
