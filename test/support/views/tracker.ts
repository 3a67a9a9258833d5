/** The payload tracker's ports in a test, on tables that the test fills itself. */
import { onTestFinished } from "vitest";
import { nodeRuntime } from "../../../lib/index.ts";
import type { Database } from "../../../lib/views/database/database.ts";
import type { LogReader, RunningView, ViewFigures } from "../../../lib/views/index.ts";
import { type ServerOptions, startServer } from "../../../server/index.ts";
import { payloadsProgram } from "../../../server/views/payloads/program.ts";
import type { OpenPort, PortOptions, ViewProgram, ViewSettings } from "../../../server/views/view-program.ts";
import { LineLogger } from "../netlog-fixture.ts";
import { openPayloads, type PayloadsFixture } from "./payloads.ts";

export interface TrackerFixture extends PayloadsFixture {
  /** The port of the API. */
  readonly url: string;
  readonly metricsUrl: string;
  readonly logger: LineLogger;
  /** What the view says of itself; the test may change it. */
  readonly running: { trouble: string | undefined; isLive: boolean; figures: Partial<ViewFigures> };
  stop(): Promise<void>;
  /** JSON of the API, below `/api/v1`, and its status. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<TrackerAnswer>;
}

export interface TrackerAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what it expects there.
  readonly body: any;
  readonly headers: Headers;
}

export interface TrackerOptions {
  readonly variables?: Readonly<Record<string, string>>;
  readonly server?: Partial<ServerOptions>;
}

export function settingsFor(given: Readonly<Record<string, string>>): ViewSettings {
  return settingsOf(payloadsProgram, given);
}

/** The values of the program's variables, with those that are given. */
export function settingsOf(
  { variables }: Pick<ViewProgram, "variables">,
  given: Readonly<Record<string, string>>,
): ViewSettings {
  const all = new Map(variables.map(({ name, fallback }) => [name, fallback]));
  return {
    text(name) {
      const fallback = all.get(name);
      if (fallback === undefined) throw new TypeError(`the program has no ${name}`);
      return given[name] ?? fallback;
    },
    has: (name) => given[name] !== undefined,
    refusal: (name, allowed) => new Error(`${name} takes ${allowed}`),
  };
}

/** Stopped with the test. */
export async function trackerForTest(
  database: Database,
  options: TrackerOptions = {},
): Promise<TrackerFixture> {
  const fixture = await openTracker(database, options);
  onTestFinished(() => fixture.stop());
  return fixture;
}

/** For all tests of a file. */
export async function openTracker(database: Database, options: TrackerOptions = {}): Promise<TrackerFixture> {
  const payloads = await openPayloads(database);
  const logger = new LineLogger();
  const running: TrackerFixture["running"] = { trouble: undefined, isLive: true, figures: {} };
  const variables = { PUBLICPORT: "0", METRICSPORT: "0", ...options.variables };
  const prepared = payloadsProgram.prepare(settingsFor(variables));
  const surface = await prepared.listen({
    view: runningView(payloads, running),
    logger,
    runtime: nodeRuntime,
    version: "1.2.3",
    consoleUrl: "http://127.0.0.1:7200/-/console/",
    hasTokens: false,
    openPort: (port) => openPort(port, { logger, ...options.server }),
    openGrpcPort: () => Promise.reject(new Error("the tracker speaks no gRPC")),
  });
  const [url = "", metricsUrl = ""] = surface.ports.map((port) => port.url);
  return {
    ...payloads,
    url,
    metricsUrl,
    logger,
    running,
    stop: () => surface.stop(),
    async get(path, headers = {}) {
      const answer = await fetch(`${url}/api/v1${path}`, { headers });
      return { status: answer.status, headers: answer.headers, body: await answer.json() };
    },
  };
}

function runningView({ reads }: PayloadsFixture, running: TrackerFixture["running"]): RunningView {
  const none = {
    appliedCount: 0,
    malformedCount: 0,
    refusedCount: 0,
    missedCount: 0,
    lagMessages: undefined,
  };
  return {
    name: "payloads",
    reads,
    log: {} as LogReader,
    applied: () => Promise.resolve(),
    troubleNow: () => Promise.resolve(running.trouble),
    get isLive() {
      return running.isLive;
    },
    figures: () => ({ name: "payloads", isRunner: true, ...none, ...running.figures }) as ViewFigures,
    status: () => Promise.reject(new Error("nobody asks for it here")),
  };
}

async function openPort(
  { name, host, port, door, rate }: PortOptions,
  options: Partial<ServerOptions> & Pick<ServerOptions, "logger">,
): Promise<OpenPort> {
  const doors = { main: door, others: [] };
  const server = await startServer({ netlog: undefined, host, port, doors, rate, ...options });
  return { name, url: server.url, port: server.port, stop: () => server.stop({ graceMs: 0 }) };
}
