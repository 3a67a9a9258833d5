/** The journal's port in a test, on tables that the test fills itself. */
import { onTestFinished } from "vitest";
import { nodeRuntime } from "../../../lib/index.ts";
import type { Database, Reads } from "../../../lib/views/database/database.ts";
import type { LogReader, RunningView, View, ViewFigures } from "../../../lib/views/index.ts";
import type { JournalEvent } from "../../../lib/views/journal/decode.ts";
import { hashToken, type ServerOptions, startServer, type TokenRecord } from "../../../server/index.ts";
import { journalProgram } from "../../../server/views/journal/program.ts";
import type { PortOptions, ViewSettings } from "../../../server/views/view-program.ts";
import { LineLogger } from "../netlog-fixture.ts";
import { type JournalFixture, openJournal } from "./journal.ts";

export interface JournalServer extends JournalFixture {
  readonly url: string;
  readonly logger: LineLogger;
  /** What was asked of the port. */
  readonly asked: PortOptions;
  /** What the view says of itself; the test may change it. */
  readonly running: { trouble: string | undefined; isLive: boolean; figures: Partial<ViewFigures> };
  stop(): Promise<void>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<JournalAnswer>;
}

export interface JournalAnswer {
  readonly status: number;
  readonly text: string;
  readonly type: string | null;
  readonly headers: Headers;
}

export interface JournalServerOptions {
  readonly variables?: Readonly<Record<string, string>>;
  readonly server?: Partial<ServerOptions>;
  /** In the place of the tables. */
  readonly reads?: Reads;
}

/** A token of the token file, and whom it stands for. */
export function tokenOf(
  token: string,
  identity: Pick<TokenRecord, "user" | "domains" | "platform_admin">,
): TokenRecord {
  return { name: token, hash: `sha256:${hashToken(token)}`, topics: ["*"], rights: ["read"], ...identity };
}

/** The values of the program's variables, with those that are given. */
export function journalSettings(given: Readonly<Record<string, string>>): ViewSettings {
  const all = new Map(journalProgram.variables.map(({ name, fallback }) => [name, fallback]));
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

/** Stopped with the test. Everybody may ask, unless the variables say otherwise. */
export async function journalForTest(
  database: Database,
  options: JournalServerOptions = {},
): Promise<JournalServer> {
  const server = await openJournalServer(database, options);
  onTestFinished(() => server.stop());
  return server;
}

/** For all tests of a file. */
export async function openJournalServer(
  database: Database,
  { variables = {}, server = {}, reads }: JournalServerOptions = {},
): Promise<JournalServer> {
  const logger = new LineLogger();
  const running: JournalServer["running"] = { trouble: undefined, isLive: true, figures: {} };
  const prepared = journalProgram.prepare(journalSettings({ HTTP_PORT: "0", AUTH: "none", ...variables }));
  const view = prepared.createView("live") as View<JournalEvent>;
  const fixture = await openJournal(database, { view });
  let asked: PortOptions | undefined;
  const surface = await prepared.listen({
    view: runningView(reads ?? fixture.reads, running),
    logger,
    runtime: nodeRuntime,
    version: "1.2.3",
    consoleUrl: undefined,
    hasTokens: server.tokens !== undefined,
    openGrpcPort: () => Promise.reject(new Error("the journal speaks no gRPC")),
    async openPort(options) {
      asked = options;
      const { name, host, port, door } = options;
      const doors = { main: door, others: [] };
      const opened = await startServer({ netlog: undefined, host, port, doors, logger, ...server });
      return { name, url: opened.url, port: opened.port, stop: () => opened.stop({ graceMs: 0 }) };
    },
  });
  const url = surface.ports[0]?.url ?? "";
  return {
    ...fixture,
    url,
    logger,
    running,
    asked: asked as PortOptions,
    stop: () => surface.stop(),
    async get(path, headers = {}) {
      const answer = await fetch(`${url}${path}`, { headers });
      const type = answer.headers.get("content-type");
      return { status: answer.status, headers: answer.headers, type, text: await answer.text() };
    },
  };
}

function runningView(reads: Reads, running: JournalServer["running"]): RunningView {
  const none = {
    appliedCount: 0,
    malformedCount: 0,
    refusedCount: 0,
    missedCount: 0,
    lagMessages: undefined,
  };
  return {
    name: "journal",
    reads,
    log: {} as LogReader,
    applied: () => Promise.resolve(),
    troubleNow: () => Promise.resolve(running.trouble),
    get isLive() {
      return running.isLive;
    },
    figures: () => ({ name: "journal", isRunner: true, ...none, ...running.figures }) as ViewFigures,
    status: () => Promise.reject(new Error("nobody asks for it here")),
  };
}
