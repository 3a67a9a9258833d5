/** The built server with the payload tracker beside its log. */
import { spawn } from "node:child_process";
import { awaitOutput, ServerProcess } from "./server-process.ts";
import { SHIM } from "./start.ts";

export interface TrackerOptions {
  readonly folder: string;
  /** `undefined`: PGlite, in a folder of this name. */
  readonly db?: string | undefined;
  readonly viewsFolder?: string | undefined;
  /** Its clock is so much behind. */
  readonly behindMs?: number | undefined;
}

const POLL_MS = 20;

export class TrackerProcess extends ServerProcess {
  /** Below which the API's paths are. */
  readonly api: string;
  readonly #metrics: string;

  constructor(child: ConstructorParameters<typeof ServerProcess>[0], ports: readonly number[]) {
    const [port = 0, api = 0, metrics = 0] = ports;
    super(child, port);
    this.api = `http://127.0.0.1:${api}/api/v1`;
    this.#metrics = `http://127.0.0.1:${metrics}/metrics`;
  }

  /** Messages that are in its tables, since it was started. */
  async appliedCount(): Promise<number> {
    const text = await (await fetch(this.#metrics)).text();
    return Number(/^payload_tracker_messages_processed (\d+)$/m.exec(text)?.[1]);
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

export async function startTracker({
  folder,
  db,
  viewsFolder,
  behindMs = 0,
}: TrackerOptions): Promise<TrackerProcess> {
  const clock = `const now = Date.now; Date.now = () => now() - ${behindMs};`;
  const node = behindMs === 0 ? [] : ["--import", `data:text/javascript,${encodeURIComponent(clock)}`];
  const settings = { PUBLICPORT: 0, METRICSPORT: 0, MAX_REQUESTS_PER_MINUTE: 0 };
  const args = [...node, SHIM, "serve", "--listen", "127.0.0.1:0", "--dir", folder, "--view", "payloads"];
  for (const [name, value] of Object.entries(settings)) args.push("--view-set", `payloads.${name}=${value}`);
  if (db !== undefined) args.push("--db", db);
  if (viewsFolder !== undefined) args.push("--views-dir", viewsFolder);
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const ports = await awaitOutput(child, (text) => {
    const all = Array.from(text.matchAll(/"port":(\d+)/g), ([, port]) => Number(port));
    return all.length === 3 ? all : undefined;
  });
  return new TrackerProcess(child, ports);
}
