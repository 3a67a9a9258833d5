/** The built server with a view beside its log. */
import { type ChildProcess, spawn } from "node:child_process";
import { awaitOutput, ServerProcess } from "./server-process.ts";
import { SHIM } from "./start.ts";

/** What the benchmark knows of a view that speaks HTTP. */
export interface ViewKind {
  readonly name: string;
  /** Free ports, nobody's limits. */
  readonly settings: readonly string[];
  /** Ports in all: the log's, the API's, and where it has one of its own that of the metrics. */
  readonly portCount: number;
  /** Before all paths of the API. */
  readonly basePath: string;
  /** The line of the metrics that counts messages in its tables. */
  readonly appliedLine: RegExp;
}

export const TRACKER_VIEW: ViewKind = {
  name: "payloads",
  settings: ["PUBLICPORT=0", "METRICSPORT=0", "MAX_REQUESTS_PER_MINUTE=0"],
  portCount: 3,
  basePath: "/api/v1",
  appliedLine: /^payload_tracker_messages_processed (\d+)$/m,
};

export const JOURNAL_VIEW: ViewKind = {
  name: "journal",
  settings: ["HTTP_PORT=0", "AUTH=none"],
  portCount: 2,
  basePath: "",
  appliedLine: /^journal_journal_writer_request_count\{method="save"\} (\d+)$/m,
};

export interface ViewOptions {
  readonly folder: string;
  /** `undefined`: PGlite, in a folder of this name. */
  readonly db?: string | undefined;
  readonly viewsFolder?: string | undefined;
  /** Its clock is so much behind. */
  readonly behindMs?: number | undefined;
  /** Where it leaves a CPU profile. */
  readonly profileFolder?: string | undefined;
}

const POLL_MS = 20;

export class ViewProcess extends ServerProcess {
  readonly #kind: ViewKind;
  readonly #api: string;
  readonly #metrics: string;

  constructor(kind: ViewKind, child: ChildProcess, ports: readonly number[]) {
    const [port = 0, api = 0, metrics = api] = ports;
    super(child, port);
    this.#kind = kind;
    this.#api = `http://127.0.0.1:${api}${kind.basePath}`;
    this.#metrics = `http://127.0.0.1:${metrics}/metrics`;
  }

  /** The answer of the API. @throws for a status that is none of these. */
  async ask(path: string, statuses: readonly number[] = [200]): Promise<string> {
    const answer = await fetch(this.#api + path);
    const text = await answer.text();
    if (!statuses.includes(answer.status)) throw new Error(`${answer.status} for ${path}: ${text}`);
    return text;
  }

  /** How long an answer takes, in ms. */
  async timeOf(path: string, statuses?: readonly number[]): Promise<number> {
    const startedAtMs = performance.now();
    await this.ask(path, statuses);
    return performance.now() - startedAtMs;
  }

  /** Messages that are in its tables, since it was started. */
  async appliedCount(): Promise<number> {
    const text = await (await fetch(this.#metrics)).text();
    return Number(this.#kind.appliedLine.exec(text)?.[1]);
  }

  /** Resolves when so many are; gives how many a second came, from the first one that is seen. */
  async applied(count: number): Promise<{ readonly perSecond: number }> {
    let first: { readonly atMs: number; readonly count: number } | undefined;
    for (;;) {
      const now = await this.appliedCount();
      if (now > 0) first ??= { atMs: performance.now(), count: now };
      if (first !== undefined && now >= count)
        return { perSecond: ((now - first.count) / (performance.now() - first.atMs)) * 1000 };
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

export async function startView(kind: ViewKind, options: ViewOptions): Promise<ViewProcess> {
  const { child, ports } = await spawnView(kind, options);
  return new ViewProcess(kind, child, ports);
}

/** The message store, and the port of its gRPC. */
export async function startStore(options: ViewOptions): Promise<{ server: ServerProcess; grpcPort: number }> {
  const store = { name: "messages", settings: ["LISTEN=127.0.0.1:0"], portCount: 2 };
  const { child, ports } = await spawnView(store, options);
  const [port = 0, grpcPort = 0] = ports;
  return { server: new ServerProcess(child, port), grpcPort };
}

async function spawnView(
  kind: Pick<ViewKind, "name" | "settings" | "portCount">,
  { folder, db, viewsFolder, behindMs = 0, profileFolder }: ViewOptions,
): Promise<{ readonly child: ChildProcess; readonly ports: readonly number[] }> {
  const clock = `const now = Date.now; Date.now = () => now() - ${behindMs};`;
  const node = behindMs === 0 ? [] : ["--import", `data:text/javascript,${encodeURIComponent(clock)}`];
  if (profileFolder !== undefined) node.push("--cpu-prof", `--cpu-prof-dir=${profileFolder}`);
  const args = [...node, SHIM, "serve", "--listen", "127.0.0.1:0", "--dir", folder, "--view", kind.name];
  for (const setting of kind.settings) args.push("--view-set", `${kind.name}.${setting}`);
  if (db !== undefined) args.push("--db", db);
  if (viewsFolder !== undefined) args.push("--views-dir", viewsFolder);
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const ports = await awaitOutput(child, (text) => {
    const all = Array.from(text.matchAll(/"port":(\d+)/g), ([, port]) => Number(port));
    return all.length === kind.portCount ? all : undefined;
  });
  return { child, ports };
}
