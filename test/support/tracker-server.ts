/** A built server with the payload tracker, for the tests of a file: what services report, and what the pages lead to. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, vi } from "vitest";
import { NetlogClient } from "../../lib/client/index.ts";
import { type BuiltServer, startBuiltServer } from "./built-program.ts";
import { fillPgliteFolder } from "./pglite.ts";

export const TRACKER_TOPIC = "platform.payload-status";
/** A busy machine takes long to start PGlite. */
const READY_MS = 200_000;

export interface Report {
  readonly service: string;
  readonly status: string;
  readonly request_id: string;
  readonly date: string;
  readonly [name: string]: string;
}

export interface TrackerServer {
  /** The log. */
  readonly url: string;
  /** The tracker's port. */
  readonly trackerUrl: string;
  /** Where its pages are, as the log says. */
  readonly pagesUrl: string;
  /** Publishes them, and waits for the view. */
  report(...reports: readonly Report[]): Promise<void>;
}

interface ShownView {
  readonly url: string;
  readonly ready: boolean;
  readonly topics: readonly { readonly next?: number }[];
}

/**
 * To be called in a file's outermost scope. The storage broker knows the archive of `archived` alone: it lies at
 * `https://archive.example/1`.
 */
export function trackerServer(archived: string): TrackerServer {
  let server: BuiltServer;
  let folder = "";
  let reportCount = 0;
  const broker = createServer(({ url = "" }, answer) => {
    answer.end(JSON.stringify({ url: url.includes(archived) ? "https://archive.example/1" : "" }));
  });
  const client = (): NetlogClient => new NetlogClient(server.url);
  const viewThat = (isAsWanted: (view: ShownView) => boolean, timeoutMs: number): Promise<ShownView> =>
    vi.waitFor(
      async () => {
        const [view] = (await (await fetch(`${server.url}/-/views`)).json()) as ShownView[];
        if (view === undefined || !isAsWanted(view)) throw new Error(`the view is ${JSON.stringify(view)}`);
        return view;
      },
      { timeout: timeoutMs, interval: 50 },
    );
  const shared = {
    url: "",
    trackerUrl: "",
    pagesUrl: "",
    async report(...reports: readonly Report[]): Promise<void> {
      await client()
        .topic(TRACKER_TOPIC)
        .publishBatch(reports.map((each) => JSON.stringify(each)));
      reportCount += reports.length;
      await viewThat(({ topics }) => topics[0]?.next === reportCount, READY_MS);
    },
  };
  beforeAll(async () => {
    await new Promise<void>((resolve) => broker.listen(0, "127.0.0.1", resolve));
    const { port } = broker.address() as AddressInfo;
    folder = mkdtempSync(join(tmpdir(), "netlog-test-"));
    await fillPgliteFolder(join(folder, ".views"));
    const settings = {
      PUBLICPORT: "0",
      METRICSPORT: "0",
      KIBANA_URL: "https://kibana.example/app",
      STORAGEBROKERURL: `http://127.0.0.1:${port}/`,
    };
    const set = Object.entries(settings).map(([name, value]) => `payloads.${name}=${value}`);
    server = await startBuiltServer(folder, ["--view", "payloads", "--view-set", set.join(",")]);
    await client().createTopic(TRACKER_TOPIC);
    const { url } = await viewThat(({ ready }) => ready, READY_MS);
    Object.assign(shared, { url: server.url, trackerUrl: new URL(url).origin, pagesUrl: url });
  });
  afterAll(async () => {
    broker.close();
    await server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return shared;
}

/** The worked example: three sources of one service, of which one fails. */
export function puptoo(requestId: string): Report[] {
  const parts = [
    ["26.371", undefined, "received"],
    ["33.350", "inventory", "received"],
    ["36.341", undefined, "success"],
    ["38.975", "inventory", "success"],
    ["39.374", "engine", "received"],
    ["39.975", "engine", "error"],
  ] as const;
  return parts.map(([seconds, source, status]) => ({
    service: "puptoo",
    request_id: requestId,
    status,
    date: `2021-08-04T07:45:${seconds}Z`,
    account: "901",
    inventory_id: "host-1",
    ...(source === undefined ? {} : { source }),
    ...(status === "error" ? { status_msg: "no <b>such</b> host" } : {}),
  }));
}
