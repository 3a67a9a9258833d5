/** Clients that publish, read, scan and work on one topic through several servers, and write down what they asked and were answered. */
import { type Answer, ask, codeOf, factsOf, REQUEST_TIMEOUT_MS, takenOf } from "./client.ts";
import type { Found, History, Publish } from "./history.ts";

const PAUSE_MS = 100;
/** Between two publishes of a client: readers keep up, and many clusters find room on one machine. */
const TURN_MS = 40;
const BATCH = 5;
const PAGE = 1000;
/** Workers that settle what is left at the end. */
const LAST_WORKERS = 24;

export const TOPIC = "orders";
const READER = "reader";
const WORKER = "worker";

/** A server that does not have the topic sends no such request on: what it acknowledges, it owns. */
const DIRECT = { "X-Netlog-Forwarded": "1" };

/** How many clients of each kind. */
export interface Clients {
  /** They ask one server each, which may be a front. */
  readonly singles: number;
  /** They look for the owner. */
  readonly direct: number;
  readonly keyed: number;
  readonly batches: number;
  readonly readers: number;
  readonly workers: number;
}

export const CLIENTS: Clients = { singles: 3, direct: 2, keyed: 3, batches: 1, readers: 1, workers: 12 };

export class Load {
  readonly #history: History;
  readonly #servers: readonly string[];
  #serial = 0;
  #highestOffset = -1;
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();

  /** `servers` are their URLs. */
  constructor(history: History, servers: readonly string[]) {
    this.#history = history;
    this.#servers = servers;
  }

  /** Makes the topic and its scanners; tries until the cluster serves. */
  async prepare(): Promise<void> {
    const made = ["topic_exists", "scanner_exists"];
    for (const path of [
      `/${TOPIC}`,
      `/${TOPIC}/scanner?id=${READER}&persist=1&from=0`,
      `/${TOPIC}/scanner?id=${WORKER}&ack=explicit&from=0&ack_wait=2s&max_pending=200`,
    ]) {
      await this.#until(path, (answer) => answer.status < 300 || made.includes(codeOf(answer) ?? ""));
    }
  }

  begin(clients: Clients = CLIENTS): void {
    const many = (count: number, run: (turn: number) => Promise<unknown>): Promise<void>[] =>
      Array.from({ length: count }, (_, client) => this.#repeat(client, run));
    this.#running = Promise.all([
      ...many(clients.singles, (turn) => this.#publish(turn, 1)),
      ...many(clients.direct, (turn) => this.#publish(turn, 1, true)),
      ...many(clients.keyed, (turn) => this.#publishOnce(turn)),
      ...many(clients.batches, (turn) => this.#publish(turn, BATCH)),
      ...many(clients.readers, (turn) => this.#read(turn)),
      ...many(1, (turn) => this.#scan(turn)),
      ...many(clients.workers, (turn) => this.#work(turn)),
    ]);
  }

  /** Ends all clients. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** With no faults any more: what is left is read and settled to the end. Gives the topic as it is. */
  async finish(): Promise<Found> {
    const scanToEnd = async (): Promise<void> => {
      while (!(await this.#scan(0)));
    };
    const workToEnd = async (): Promise<void> => {
      while (!(await this.#work(0)));
    };
    await Promise.all([scanToEnd(), ...Array.from({ length: LAST_WORKERS }, workToEnd)]);
    while ((await this.#pendingCount()) > 0) await workToEnd();
    return await this.#found();
  }

  async #repeat(client: number, run: (turn: number) => Promise<unknown>): Promise<void> {
    for (let turn = client; !this.#isOver; ) {
      const before = this.#history.events.length;
      await run(turn);
      const hasFailed = this.#history.events
        .slice(before)
        .some((event) => "outcome" in event && event.outcome !== "done");
      // A client whose server does not serve goes to the next one.
      if (hasFailed) {
        turn++;
        await pause();
      }
    }
  }

  async #publish(turn: number, count: number, isDirect = false): Promise<void> {
    const payloads = Array.from({ length: count }, () => `message ${this.#serial++}`);
    const answer = await this.#send(turn, payloads, isDirect ? DIRECT : {});
    this.#note(answer, isDirect ? { payloads, isDirect } : { payloads });
    await pause(TURN_MS);
  }

  /** Sends the same again under its key until there is an answer. */
  async #publishOnce(client: number): Promise<void> {
    const serial = this.#serial++;
    const payloads = [`message ${serial}`];
    const key = `key-${serial}`;
    const sentMs = this.#history.now();
    for (let turn = client; ; turn++) {
      const answer = await this.#send(turn, payloads, { "Idempotency-Key": key });
      if (answer.outcome === "done" || this.#isOver) {
        const outcome = answer.outcome === "done" ? "done" : "unknown";
        this.#note({ ...answer, outcome, sentMs }, { payloads, key });
        await pause(TURN_MS);
        return;
      }
      await pause();
    }
  }

  #send(turn: number, payloads: readonly string[], headers: Record<string, string>): Promise<Answer> {
    const path = payloads.length === 1 ? "payload" : "batch?format=lines";
    return this.#ask(turn, `/${TOPIC}/${path}`, { method: "POST", body: payloads.join("\n"), headers });
  }

  #note(answer: Answer, publish: Pick<Publish, "payloads" | "key" | "isDirect">): void {
    const offset = Number(answer.headers.get("x-offset"));
    const isDone = answer.outcome === "done";
    if (isDone) this.#highestOffset = Math.max(this.#highestOffset, offset);
    this.#history.add({ kind: "publish", ...factsOf(answer), ...publish, ...(isDone ? { offset } : {}) });
  }

  /** Any message that was acknowledged, without a scanner. */
  async #read(turn: number): Promise<void> {
    await pause(TURN_MS);
    if (this.#highestOffset < 0) return;
    const offset = Math.floor(Math.random() * (this.#highestOffset + 1));
    const answer = await this.#ask(turn, `/${TOPIC}/payload/${offset}`);
    const payload = answer.outcome === "done" ? { payload: answer.body } : {};
    this.#history.add({ kind: "read", ...factsOf(answer), offset, ...payload });
  }

  /** Gives true at the end of the topic. */
  async #scan(turn: number): Promise<boolean> {
    const answer = await this.#ask(turn, `/${TOPIC}/scan?id=${READER}&wait=1s`);
    this.#history.add({ kind: "scan", scanner: READER, ...takenOf(answer) });
    return codeOf(answer) === "end_of_topic";
  }

  /** Takes a message and settles it. Gives true where there is none. */
  async #work(turn: number): Promise<boolean> {
    const answer = await this.#ask(turn, `/${TOPIC}/scan?id=${WORKER}&wait=1s`);
    const taken = takenOf(answer);
    this.#history.add({ kind: "lease", scanner: WORKER, ...taken });
    if (taken.offset === undefined) return codeOf(answer) === "end_of_topic";
    const { offset } = taken;
    const query = `id=${WORKER}&offset=${offset}&lease=${answer.headers.get("x-lease") ?? ""}`;
    const settled = await this.#ask(turn, `/${TOPIC}/ack?${query}`, { method: "POST" });
    this.#history.add({ kind: "ack", scanner: WORKER, ...factsOf(settled), offset });
    return false;
  }

  async #pendingCount(): Promise<number> {
    const answer = await this.#until(`/${TOPIC}/scanner?id=${WORKER}`, ({ status }) => status === 200, "GET");
    const { lag, pending } = JSON.parse(answer.body) as { readonly lag: number; readonly pending: number };
    return lag + pending;
  }

  async #found(): Promise<Found> {
    const messages: Found["messages"][number][] = [];
    for (let from = 0; ; ) {
      const path = `/${TOPIC}/batch?from=${from}&max=${PAGE}`;
      const answer = await this.#until(path, ({ status }) => status === 200 || status === 204, "GET");
      if (answer.status === 204) return { firstOffset: 0, messages };
      for (const line of answer.body.trimEnd().split("\n")) {
        const { offset, timestamp, payload } = JSON.parse(line) as Record<"timestamp" | "payload", string> & {
          readonly offset: number;
        };
        messages.push({ offset, timeMs: Date.parse(timestamp), payload });
      }
      from = Number(answer.headers.get("x-next-offset"));
    }
  }

  async #until(path: string, isIt: (answer: Answer) => boolean, method = "POST"): Promise<Answer> {
    const deadline = performance.now() + 4 * REQUEST_TIMEOUT_MS;
    for (let turn = 0; ; turn++) {
      const answer = await this.#ask(turn, path, { method });
      if (isIt(answer)) return answer;
      if (performance.now() > deadline) throw new Error(`${method} ${path} is answered ${answer.failure}`);
      await pause();
    }
  }

  #ask(turn: number, path: string, options: RequestInit = {}): Promise<Answer> {
    return ask(this.#history, this.#servers[turn % this.#servers.length]!, path, options);
  }
}

function pause(ms: number = PAUSE_MS): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
