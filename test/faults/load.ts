/** Clients that publish, scan and work on one topic through several servers, and write down what they asked and were answered. */
import type { Found, History, Outcome, Publish } from "./history.ts";

/** Longer than the servers wait for an outcome, so that they tell it where they can. */
const REQUEST_TIMEOUT_MS = 25_000;
const PAUSE_MS = 100;
const BATCH = 5;
const PAGE = 1000;

export const TOPIC = "orders";
const READER = "reader";
const WORKER = "worker";

/** How many clients of each kind. */
export interface Clients {
  readonly singles: number;
  readonly keyed: number;
  readonly batches: number;
  readonly workers: number;
}

export const CLIENTS: Clients = { singles: 4, keyed: 3, batches: 2, workers: 3 };

interface Answer {
  readonly server: string;
  readonly sentMs: number;
  readonly endedMs: number;
  readonly outcome: Outcome;
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
  readonly failure?: string;
}

const NO_HEADERS = new Headers();

export class Load {
  readonly #history: History;
  readonly #servers: readonly string[];
  #serial = 0;
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
    const many = (count: number, run: (client: number) => Promise<unknown>): Promise<void>[] =>
      Array.from({ length: count }, (_, client) => this.#repeat(client, run));
    this.#running = Promise.all([
      ...many(clients.singles, (client) => this.#publish(client, 1)),
      ...many(clients.keyed, (client) => this.#publishOnce(client)),
      ...many(clients.batches, (client) => this.#publish(client, BATCH)),
      ...many(1, (client) => this.#scan(client)),
      ...many(clients.workers, (client) => this.#work(client)),
    ]);
  }

  /** Ends all clients. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** With no faults any more: what is left is read and settled to the end. Gives the topic as it is. */
  async finish(): Promise<Found> {
    while (!(await this.#scan(0))) {}
    for (;;) {
      const isEmpty = await this.#work(0);
      if (isEmpty && (await this.#pendingCount()) === 0) break;
    }
    return await this.#found();
  }

  async #repeat(client: number, run: (client: number) => Promise<unknown>): Promise<void> {
    for (let turn = client; !this.#isOver; ) {
      const failed = this.#history.events.length;
      await run(turn);
      const last = this.#history.events
        .slice(failed)
        .some((event) => "outcome" in event && event.outcome !== "done");
      // A client whose server does not serve goes to the next one.
      if (last) {
        turn++;
        await pause();
      }
    }
  }

  async #publish(client: number, count: number): Promise<void> {
    const payloads = Array.from({ length: count }, () => `message ${this.#serial++}`);
    this.#note(payloads, await this.#send(client, payloads));
  }

  /** Sends the same again under its key until there is an answer. */
  async #publishOnce(client: number): Promise<void> {
    const payloads = [`message ${this.#serial++}`];
    const key = `key-${payloads[0]?.slice("message ".length)}`;
    const first = this.#history.now();
    for (let turn = client; ; turn++) {
      const answer = await this.#send(turn, payloads, key);
      if (answer.outcome === "done" || this.#isOver) {
        const outcome = answer.outcome === "done" ? "done" : "unknown";
        this.#note(payloads, { ...answer, outcome, sentMs: first }, key);
        return;
      }
      await pause();
    }
  }

  #send(client: number, payloads: readonly string[], key?: string): Promise<Answer> {
    const path = payloads.length === 1 ? "payload" : "batch?format=lines";
    const headers = key === undefined ? {} : { "Idempotency-Key": key };
    return this.#ask(client, `/${TOPIC}/${path}`, { method: "POST", body: payloads.join("\n"), headers });
  }

  #note(payloads: readonly string[], answer: Answer, key?: string): void {
    const { server, sentMs, endedMs, outcome, failure } = answer;
    const publish: Publish = {
      kind: "publish",
      ...{ server, sentMs, endedMs, outcome, payloads },
      ...(key === undefined ? {} : { key }),
      ...(failure === undefined ? {} : { failure }),
      ...(outcome === "done" ? { offset: Number(answer.headers.get("x-offset")) } : {}),
    };
    this.#history.add(publish);
  }

  /** Gives true at the end of the topic. */
  async #scan(client: number): Promise<boolean> {
    const answer = await this.#ask(client, `/${TOPIC}/scan?id=${READER}&wait=1s`);
    this.#history.add({ kind: "scan", scanner: READER, ...takenOf(answer) });
    return codeOf(answer) === "end_of_topic";
  }

  /** Takes a message and settles it. Gives true where there is none. */
  async #work(client: number): Promise<boolean> {
    const answer = await this.#ask(client, `/${TOPIC}/scan?id=${WORKER}&wait=1s`);
    const taken = takenOf(answer);
    this.#history.add({ kind: "lease", scanner: WORKER, ...taken });
    if (taken.offset === undefined) return codeOf(answer) === "end_of_topic";
    const { offset } = taken;
    const query = `id=${WORKER}&offset=${offset}&lease=${answer.headers.get("x-lease") ?? ""}`;
    const settled = await this.#ask(client, `/${TOPIC}/ack?${query}`, { method: "POST" });
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
        const message = JSON.parse(line) as { offset: number; timestamp: string; payload: string };
        messages.push({
          offset: message.offset,
          timeMs: Date.parse(message.timestamp),
          payload: message.payload,
        });
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

  async #ask(client: number, path: string, options: RequestInit = {}): Promise<Answer> {
    const server = this.#servers[client % this.#servers.length]!;
    const sentMs = this.#history.now();
    try {
      const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      const response = await fetch(server + path, { signal, ...options });
      const { status, headers } = response;
      const answer = {
        server,
        sentMs,
        status,
        headers,
        body: await response.text(),
        endedMs: this.#history.now(),
      };
      if (status < 300) return { ...answer, outcome: "done" };
      const failure = `${status} ${headers.get("x-netlog-error") ?? ""}: ${answer.body.trim()}`;
      const outcome = headers.get("x-netlog-error") === "sync_failed" ? "unknown" : "refused";
      return { ...answer, outcome, failure };
    } catch (error) {
      const { message, cause } = error as Error;
      const failure = cause instanceof Error ? cause.message : message;
      const endedMs = this.#history.now();
      return {
        server,
        sentMs,
        endedMs,
        outcome: "unknown",
        status: 0,
        body: "",
        headers: NO_HEADERS,
        failure,
      };
    }
  }
}

function codeOf({ headers }: Answer): string | undefined {
  return headers.get("x-netlog-error") ?? undefined;
}

function factsOf({
  server,
  sentMs,
  endedMs,
  outcome,
  failure,
}: Answer): Omit<Answer, "status" | "body" | "headers"> {
  return { server, sentMs, endedMs, outcome, ...(failure === undefined ? {} : { failure }) };
}

/** A scan that found nothing in time is done as well. */
function takenOf(answer: Answer): ReturnType<typeof factsOf> & { offset?: number; payload?: string } {
  if (codeOf(answer) === "end_of_topic") {
    const { failure: _none, ...facts } = factsOf(answer);
    return { ...facts, outcome: "done" };
  }
  if (answer.outcome !== "done") return factsOf(answer);
  return { ...factsOf(answer), offset: Number(answer.headers.get("x-offset")), payload: answer.body };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
