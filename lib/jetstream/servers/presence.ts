/**
 * Which servers live. Each one says so every second, and answers on a subject of its own. A server is dead when NATS says that
 * nobody answers there, which takes a millisecond; one that stands still is dead after some seconds of silence. Nothing
 * depends on this for safety: claims fence, and a server that was taken for dead too early loses its topics and goes on.
 */
import type { Logger } from "../../base/logger.ts";
import type { Runtime, Timer } from "../../base/runtime.ts";
import type { EngineConnection, Received } from "../nats/connection.ts";
import { NoAnswer } from "../nats/errors.ts";
import type { JetstreamCaps } from "../nats/limits.ts";
import type { EngineNames } from "../nats/names.ts";

export interface Self {
  /** A new one for each start. */
  readonly incarnation: string;
  /** Where the other servers reach this one; none where it has not been told. */
  readonly url: string | undefined;
  /** Its gRPC port, in the same way. */
  readonly grpcUrl?: string | undefined;
  /** The version in which it takes relayed requests; none where it says nothing of it. */
  readonly relayVersion?: number | undefined;
}

export interface PresenceOptions {
  readonly connection: Pick<EngineConnection, "publish" | "request" | "subscribe">;
  readonly names: EngineNames;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: JetstreamCaps;
  readonly self: Self;
  /** Another server is dead, is leaving, or lives again; or this one is cut off, or no more. */
  readonly onChange: () => void;
  /** Once in each `engineHeartbeatMs`. */
  readonly onTick: () => void;
}

/** What a heartbeat says. */
interface Beat {
  readonly url: string | null;
  readonly grpcUrl: string | null;
  readonly relayVersion: number | null;
  /** It gives its topics away, and takes no more. */
  readonly isLeaving: boolean;
}

interface Other {
  url: string | undefined;
  grpcUrl: string | undefined;
  relayVersion: number | undefined;
  isLeaving: boolean;
  isDead: boolean;
  /** Ticks in which this server heard itself, and not that one. */
  silentTicks: number;
  isAsked: boolean;
  /** Its claims alone may be known. */
  hasSpoken: boolean;
}

/** So many ticks of silence, and the other one is asked. */
const ASK_AFTER_TICKS = 2;
/** Between two looks for the first heartbeat. */
const LOOK_MS = 20;
/** Servers that are remembered. The dead ones go first. */
const MAX_OTHERS = 1000;

export class Presence {
  readonly #options: PresenceOptions;
  readonly #others = new Map<string, Other>();
  #unsubscribe: (() => void)[] = [];
  #timer: Timer | undefined;
  #heardSelfAtMs: number;
  /** Since the last tick; and ever. */
  #heardSelf = false;
  #hasHeardSelf = false;
  #isCutOff = false;
  #isLeaving = false;
  #isOver = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#heardSelfAtMs = options.runtime.elapsedMs();
  }

  /** Speaks and listens from now on. */
  begin(): void {
    const { connection, names, self } = this.#options;
    this.#unsubscribe = [
      connection.subscribe(names.heartbeatSubject("*"), (message) => this.#hear(message)),
      connection.subscribe(names.serverSubject(self.incarnation), (message) => this.#answer(message)),
    ];
    this.#tick();
  }

  /** Nobody hears this server: what it owns may be another one's by now. */
  get isCutOff(): boolean {
    return this.#isCutOff;
  }

  /** A heartbeat came back so lately that no other server takes this one for silent. */
  get isHeard(): boolean {
    const { runtime, limits } = this.#options;
    return runtime.elapsedMs() - this.#heardSelfAtMs < limits.engineSilenceMs / 2;
  }

  /** Whether a heartbeat comes back within so many ms. */
  async hearsItself(withinMs: number): Promise<boolean> {
    const { runtime } = this.#options;
    const endMs = runtime.elapsedMs() + withinMs;
    while (!this.#hasHeardSelf && runtime.elapsedMs() < endMs) {
      await new Promise<void>((resolve) => void runtime.setTimer(LOOK_MS, resolve));
    }
    return this.#hasHeardSelf;
  }

  /** Servers that take topics, this one included, where it does. */
  get takers(): readonly string[] {
    const others = [...this.#others].filter(([, { isDead, isLeaving }]) => !isDead && !isLeaving);
    const { incarnation } = this.#options.self;
    return [...(this.#isLeaving ? [] : [incarnation]), ...others.map(([other]) => other)];
  }

  /** Servers that live, beside this one. */
  get others(): readonly Self[] {
    return [...this.#others].flatMap(([incarnation, { isDead, url, grpcUrl, relayVersion }]) =>
      isDead ? [] : [{ incarnation, url, grpcUrl, relayVersion }],
    );
  }

  /** One that was never heard of is asked; it counts as alive until that says otherwise. */
  isAlive(incarnation: string): boolean {
    if (incarnation === this.#options.self.incarnation) return true;
    const known = this.#others.get(incarnation);
    if (known !== undefined) return !known.isDead;
    void this.#ask(incarnation, this.#meet(incarnation));
    return true;
  }

  /** As isAlive, but waits for the answer of one that is silent. Never rejects. */
  async findOut(incarnation: string): Promise<boolean> {
    if (incarnation === this.#options.self.incarnation) return true;
    const other = this.#others.get(incarnation) ?? this.#meet(incarnation);
    if (!other.isDead && other.silentTicks > 0) await this.#ask(incarnation, other);
    return !other.isDead;
  }

  /** A request to it got no answer: it is asked at once. */
  suspect(incarnation: string): void {
    const other = this.#others.get(incarnation);
    if (other !== undefined && !other.isDead) void this.#ask(incarnation, other);
  }

  /** Says that this server gives its topics away. */
  leave(): void {
    this.#isLeaving = true;
    this.#speak();
  }

  end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #tick(): void {
    const { runtime, limits, onTick } = this.#options;
    this.#judge();
    this.#speak();
    onTick();
    if (!this.#isOver) this.#timer = runtime.setTimer(limits.engineHeartbeatMs, () => this.#tick());
  }

  #speak(): void {
    const { connection, names, self } = this.#options;
    const beat: Beat = {
      url: self.url ?? null,
      grpcUrl: self.grpcUrl ?? null,
      relayVersion: self.relayVersion ?? null,
      isLeaving: this.#isLeaving,
    };
    try {
      connection.publish(names.heartbeatSubject(self.incarnation), JSON.stringify(beat));
    } catch {
      // There is no connection: then this server does not hear itself, either.
    }
  }

  /** Who was silent. A server that does not hear itself is deaf, and judges nobody. */
  #judge(): void {
    const { runtime, limits, logger, onChange } = this.#options;
    const silentMs = runtime.elapsedMs() - this.#heardSelfAtMs;
    const isCutOff = silentMs >= limits.engineSilenceMs;
    if (isCutOff !== this.#isCutOff) {
      this.#isCutOff = isCutOff;
      if (isCutOff)
        logger.error({ silentMs }, "no heartbeat came back from NATS: this server serves no topics");
      else logger.info({}, "heartbeats come back from NATS again");
      onChange();
    }
    if (!this.#heardSelf) return;
    this.#heardSelf = false;
    for (const [incarnation, other] of this.#others) {
      if (other.isDead) continue;
      other.silentTicks += 1;
      if (other.silentTicks * limits.engineHeartbeatMs >= limits.engineSilenceMs)
        this.#bury(incarnation, other);
      else if (other.silentTicks >= ASK_AFTER_TICKS) void this.#ask(incarnation, other);
    }
  }

  #hear({ subject, data }: Received): void {
    const { runtime, self, logger, onChange } = this.#options;
    const incarnation = subject.slice(subject.lastIndexOf(".") + 1);
    if (incarnation === self.incarnation) {
      this.#heardSelf = true;
      this.#hasHeardSelf = true;
      this.#heardSelfAtMs = runtime.elapsedMs();
      if (this.#isCutOff) this.#judge();
      return;
    }
    const beat = parseBeat(data);
    if (beat === undefined) return;
    const other = this.#others.get(incarnation) ?? this.#meet(incarnation);
    const isChanged = !other.hasSpoken || other.isDead || other.isLeaving !== beat.isLeaving;
    if (!other.hasSpoken) {
      logger.info({ server: incarnation, url: beat.url }, "another server is there");
      // It has not heard this one, either.
      this.#speak();
    }
    const { url, grpcUrl, relayVersion, isLeaving } = beat;
    Object.assign(other, {
      url: url ?? undefined,
      grpcUrl: grpcUrl ?? undefined,
      relayVersion: relayVersion ?? undefined,
      isLeaving,
      hasSpoken: true,
      isDead: false,
      silentTicks: 0,
    });
    if (isChanged) onChange();
  }

  #answer({ reply }: Received): void {
    if (reply === undefined || reply === "") return;
    try {
      this.#options.connection.publish(reply, "alive");
    } catch {
      // The one that asked finds out by itself that no answer came.
    }
  }

  async #ask(incarnation: string, other: Other): Promise<void> {
    if (other.isAsked) return;
    other.isAsked = true;
    const { connection, names, limits } = this.#options;
    try {
      await connection.request(names.serverSubject(incarnation), "", { timeoutMs: limits.engineHeartbeatMs });
      other.silentTicks = 0;
    } catch (error) {
      if (error instanceof NoAnswer && error.kind === "no_responders") this.#bury(incarnation, other);
    } finally {
      other.isAsked = false;
    }
  }

  #bury(incarnation: string, other: Other): void {
    if (other.isDead || this.#isOver) return;
    const { silentTicks, url } = other;
    other.isDead = true;
    this.#options.logger.warn({ server: incarnation, url, silentTicks }, "another server is gone");
    this.#options.onChange();
  }

  #meet(incarnation: string): Other {
    const other: Other = {
      url: undefined,
      grpcUrl: undefined,
      relayVersion: undefined,
      isLeaving: false,
      isDead: false,
      silentTicks: 1,
      isAsked: false,
      hasSpoken: false,
    };
    this.#others.set(incarnation, other);
    if (this.#others.size > MAX_OTHERS) {
      const [oldest] = [...this.#others].find(([, { isDead }]) => isDead) ?? [...this.#others][0] ?? [];
      if (oldest !== undefined) this.#others.delete(oldest);
    }
    return other;
  }
}

function parseBeat(data: Uint8Array): Beat | undefined {
  try {
    const beat = JSON.parse(Buffer.from(data).toString()) as Partial<Beat>;
    const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
    const relayVersion = typeof beat.relayVersion === "number" ? beat.relayVersion : null;
    const { url, grpcUrl, isLeaving } = beat;
    return { url: text(url), grpcUrl: text(grpcUrl), relayVersion, isLeaving: isLeaving === true };
  } catch {
    return undefined;
  }
}
