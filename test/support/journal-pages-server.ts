/** A built server with the journal, for the tests of a file: events, and tokens that stand for users. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, vi } from "vitest";
import { NetlogClient } from "../../lib/client/index.ts";
import { type BuiltServer, runProgram, startBuiltServer } from "./built-program.ts";
import { fillPgliteFolder } from "./pglite.ts";
import { eventText, nanosAt } from "./views/journal.ts";

const TOPIC = "events";
/** A busy machine takes long to start PGlite. */
const READY_MS = 200_000;

export interface TestEvent {
  readonly operation: string;
  readonly attributes: object;
  /** Since 1970. */
  readonly atMs: number;
}

export interface JournalPagesServer {
  /** The log. */
  readonly url: string;
  /** The journal's port. */
  readonly journalUrl: string;
  /** Where its pages are, as the log says. */
  readonly pagesUrl: string;
  /** May read everything, and write. */
  readonly admin: string;
  /** The token of user `ana` in domain `d`. */
  readonly member: string;
  /** Publishes them, and waits for the view. */
  publish(...events: readonly (TestEvent | string)[]): Promise<void>;
}

interface ShownView {
  readonly url: string;
  readonly ready: boolean;
  readonly topics: readonly { readonly topic: string; readonly next?: number }[];
}

/** To be called in a file's outermost scope. */
export function journalPagesServer(): JournalPagesServer {
  let server: BuiltServer;
  let folder = "";
  let eventCount = 0;
  const shared = {
    url: "",
    journalUrl: "",
    pagesUrl: "",
    admin: "",
    member: "",
    async publish(...events: readonly (TestEvent | string)[]): Promise<void> {
      const lines = events.map((event) =>
        typeof event === "string" ? event : eventText(event.operation, event.attributes, nanosAt(event.atMs)),
      );
      await client().topic(TOPIC).publishBatch(lines);
      eventCount += events.length;
      await viewThat(({ topics }) => topics.find(({ topic }) => topic === TOPIC)?.next === eventCount);
    },
  };
  const client = (): NetlogClient => new NetlogClient(server.url, { token: shared.admin });
  const viewThat = (isAsWanted: (view: ShownView) => boolean): Promise<ShownView> =>
    vi.waitFor(
      async () => {
        const headers = { Authorization: `Bearer ${shared.admin}` };
        const [view] = (await (await fetch(`${server.url}/-/views`, { headers })).json()) as ShownView[];
        if (view === undefined || !isAsWanted(view)) throw new Error(`the view is ${JSON.stringify(view)}`);
        return view;
      },
      { timeout: READY_MS, interval: 50 },
    );
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "netlog-test-"));
    const tokenFile = join(folder, "tokens.json");
    const tokenOf = async (...args: readonly string[]): Promise<string> =>
      (await runProgram(["token", "create", "--token-file", tokenFile, ...args])).stdout.trim();
    shared.admin = await tokenOf(
      "--name",
      "admin",
      "--topics",
      "*",
      "--rights",
      "read,write,admin",
      "--platform-admin",
    );
    shared.member = await tokenOf("--name", "ana", "--user", "ana", "--domains", "d");
    await fillPgliteFolder(join(folder, "data/.views"));
    server = await startBuiltServer(join(folder, "data"), [
      "--token-file",
      tokenFile,
      "--view",
      "journal",
      "--view-set",
      "journal.HTTP_PORT=0",
    ]);
    await client().createTopic(TOPIC);
    const { url } = await viewThat(({ ready }) => ready);
    Object.assign(shared, { url: server.url, journalUrl: new URL(url).origin, pagesUrl: url });
  });
  afterAll(async () => {
    await server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return shared;
}
