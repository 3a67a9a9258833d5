/** The client of one server: where it is, who asks, and how patiently. topic.ts has what is done to a topic. */
import { Connection, type Token } from "./connection.ts";
import { invalidArgument } from "./errors.ts";
import { DEFAULT_RETRY, type RetryPolicy } from "./retry.ts";
import { type ClientRuntime, platformRuntime } from "./runtime.ts";
import { type CallOptions, type Session, sessionOf } from "./session.ts";
import { Topic } from "./topic.ts";
import type { TopicPage, TopicSettingsChange, TopicSort } from "./wire.ts";

export interface NetlogClientOptions {
  /** Sent as `Authorization: Bearer …`. A function is asked before each attempt; what it throws, the call does. */
  readonly token?: Token | undefined;
  /** Further headers of each request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * The longest silence of the server in ms, 30,000 by default: until the answer begins, and between its pieces.
   * Where the server is asked to wait, that wait is added; for large bodies, the time it takes to send them.
   */
  readonly timeoutMs?: number | undefined;
  /** What is left out is as in DEFAULT_RETRY; `false`: every call is tried once. */
  readonly retry?: Partial<RetryPolicy> | false | undefined;
  /** Instead of the platform's own. */
  readonly fetch?: typeof fetch | undefined;
  /** On Node: an undici dispatcher, such as an Agent with a pool, a proxy, a unix socket or certificates of its own. */
  readonly dispatcher?: object | undefined;
  /** For tests. */
  readonly runtime?: ClientRuntime | undefined;
}

export interface TopicPageOptions extends CallOptions {
  /** How the names begin. */
  readonly prefix?: string | undefined;
  /** By name where nothing is said; with `-` before it in reverse order. */
  readonly sort?: TopicSort | `-${TopicSort}` | undefined;
  /** What `next` said in the page before. */
  readonly after?: string | undefined;
  /** Topics of the page: 500 by default and at most. */
  readonly limit?: number | undefined;
}

export interface ServerVersion {
  readonly name: string;
  readonly version: string;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const ONCE: RetryPolicy = { ...DEFAULT_RETRY, attempts: 1 };

/**
 * A netlog server. Makes no connection until it is used, holds none of its own, and needs no closing.
 *
 * @example
 * import { NetlogClient } from "netlog/client";
 *
 * const netlog = new NetlogClient("http://localhost:7200", { timeoutMs: 10_000 });
 * console.log((await netlog.version()).name); // netlog
 */
export class NetlogClient {
  readonly #session: Session;

  /**
   * `url` may have a path, where a proxy puts the server under one.
   *
   * @throws NetlogClientError invalid_argument: for what is no http or https URL, and for a figure that is none.
   */
  constructor(url: string | URL, options: NetlogClientOptions = {}) {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, retry = {}, runtime = platformRuntime, ...rest } = options;
    if (!(timeoutMs > 0)) throw invalidArgument(`timeoutMs is ${timeoutMs}; it takes more than 0`);
    const policy = retry === false ? ONCE : { ...DEFAULT_RETRY, ...retry };
    if (!(policy.attempts >= 1)) throw invalidArgument(`attempts is ${policy.attempts}; it takes 1 or more`);
    this.#session = sessionOf(new Connection(url, { ...rest, timeoutMs, runtime }), () => policy);
  }

  /**
   * Names of the topics that one may read, sorted. Retried.
   *
   * @example
   * await netlog.createTopic("invoices");
   * console.log((await netlog.topics()).includes("invoices")); // true
   */
  async topics(options: CallOptions = {}): Promise<string[]> {
    return await this.#session.json<string[]>({ method: "GET", path: [""], ...options }, "always");
  }

  /**
   * The topics that one may read, with their figures, a page at a time. The server sorts. Retried.
   *
   * @throws NetlogClientError bad_request for what is no order, and for another order's `after`.
   *
   * @example
   * const letters = await netlog.createTopic("letters");
   * await letters.publishBatch(["one", "two"]);
   * const { topics } = await netlog.topicPage({ sort: "-messages", limit: 1 });
   * console.log(topics[0]?.name, topics[0]?.messages, topics[0]?.lag); // letters 2 null
   */
  async topicPage(options: TopicPageOptions = {}): Promise<TopicPage> {
    const { signal, prefix, sort, after, limit } = options;
    const query = { prefix, sort, after, limit };
    return await this.#session.json({ method: "GET", path: ["-", "topics"], query, signal }, "always");
  }

  /**
   * A topic by its name; nothing is sent, and it need not exist yet.
   *
   * @throws NetlogClientError invalid_topic_name.
   *
   * @example
   * const { offset } = await netlog.topic("demo").publish("hello");
   * console.log(offset); // 0
   */
  topic(name: string): Topic {
    return new Topic(this.#session, name);
  }

  /**
   * Creates a topic and gives it. Retried only where it was surely not created.
   *
   * @throws NetlogClientError topic_exists; invalid_topic_name; bad_request for settings, with a reason.
   *
   * @example
   * const orders = await netlog.createTopic("orders", { segment_age: "7day", durability: "written" });
   * console.log((await orders.info()).settings.segment_age); // 7day
   */
  async createTopic(
    name: string,
    settings: TopicSettingsChange = {},
    options: CallOptions = {},
  ): Promise<Topic> {
    const topic = this.topic(name);
    await topic.create(settings, options);
    return topic;
  }

  /**
   * What runs there. Retried.
   *
   * @example
   * const { name, version } = await netlog.version();
   * console.log(name, /^\d+\./.test(version)); // netlog true
   */
  async version(options: CallOptions = {}): Promise<ServerVersion> {
    return await this.#session.json({ method: "GET", path: ["-", "version"], ...options }, "always");
  }
}
