/** One NATS server of a test (nats.ts): its configuration, its process, and what its monitor says. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { within } from "./deadline.ts";
import { LateRelay } from "./late-relay.ts";

const POLL_MS = 20;
const LOG_TAIL = 2000;

export interface NatsHost {
  readonly address: string;
  readonly under: readonly string[];
}

export interface NatsServerOptions {
  readonly program: string;
  readonly name: string;
  /** Its own. */
  readonly folder: string;
  /** Its address, which a command that runs the rest of its arguments may give it. */
  readonly host: NatsHost;
  readonly port: number;
  readonly monitorPort: number;
  readonly routePort: number;
  /** Where it listens itself, when a relay that can be late has `port` and `routePort`. */
  readonly behindRelay?: { readonly port: number; readonly routePort: number };
  /** Where all servers of its cluster are for each other; none where it is alone. */
  readonly routes: readonly string[];
  readonly syncsAlways: boolean;
  readonly storeBytes: number;
  /** Further lines of the configuration. */
  readonly settings: string;
}

export class NatsServer {
  readonly name: string;
  readonly url: string;
  readonly monitorUrl: string;
  readonly #options: NatsServerOptions;
  #process: ChildProcess | undefined;
  #relay: Promise<LateRelay> | undefined;

  constructor(options: NatsServerOptions) {
    this.#options = options;
    this.name = options.name;
    this.url = `nats://${options.host.address}:${options.port}`;
    this.monitorUrl = `http://${options.host.address}:${options.monitorPort}`;
    mkdirSync(options.folder);
    this.configure(options.syncsAlways);
  }

  /** Counts from its next start on. */
  configure(syncsAlways: boolean): void {
    writeFileSync(this.#file("nats.conf"), configuration({ ...this.#options, syncsAlways }));
  }

  /** For `kill` and for what reads `/proc`. */
  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`${this.name} does not run`);
    return pid;
  }

  /** Starts it with what it kept. Resolves when JetStream serves, and in a cluster when there is a leader. */
  async restart(): Promise<void> {
    this.start();
    await this.ready();
  }

  /** Starts it and does not wait: one of three has no leader before there is a second one. */
  start(): void {
    if (this.#process !== undefined) throw new Error(`${this.name} runs`);
    this.#relay ??= this.#startRelay();
    const log = openSync(this.#file("nats.log"), "a");
    const [command, ...args] = [
      ...this.#options.host.under,
      this.#options.program,
      "-c",
      this.#file("nats.conf"),
    ];
    this.#process = spawn(command!, args, {
      cwd: this.#options.folder,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
  }

  /** @param ms Less than `within` allows. */
  async ready(ms?: number): Promise<void> {
    const server = this.#process;
    await this.#relay;
    await within(`${this.name} of NATS to serve`, this.#serves(server), ms);
  }

  /** What it kept is gone. It does not run. */
  forget(): void {
    rmSync(this.#file("store"), { recursive: true, force: true });
  }

  /** Ends it at once, as a crash would: what it wrote is in the page cache. */
  async kill(): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, "exit");
    server.kill("SIGKILL");
    await within("NATS to end", exited);
  }

  /** It answers nothing until it is thawed, and its connections stay open. */
  freeze(): void {
    process.kill(this.pid, "SIGSTOP");
  }

  thaw(): void {
    process.kill(this.pid, "SIGCONT");
  }

  /** What it sends to servers and clients is as late as this from now on, ms. It has a relay. */
  async delay(ms: number): Promise<void> {
    await (await this.#relay)!.delay(ms);
  }

  /** Ends it, and its relay. */
  async remove(): Promise<void> {
    await this.kill();
    await (await this.#relay?.catch(() => undefined))?.end();
  }

  #startRelay(): Promise<LateRelay> | undefined {
    const { host, port, routePort, behindRelay } = this.#options;
    if (behindRelay === undefined) return undefined;
    const relay = LateRelay.start(host, [
      { port, target: behindRelay.port, late: "answers" },
      { port: routePort, target: behindRelay.routePort, late: "both" },
    ]);
    // Who waits for the server hears of it.
    relay.catch(() => {});
    return relay;
  }

  /** What the monitor says under this path: `/jsz`, `/varz` and others. */
  async monitor<Answer>(path: string): Promise<Answer> {
    const response = await fetch(this.monitorUrl + path);
    return (await response.json()) as Answer;
  }

  async #serves(server: ChildProcess | undefined): Promise<void> {
    while (!(await this.#isReady().catch(() => false))) {
      if (server === undefined || server.exitCode !== null || server !== this.#process) {
        throw new Error(`${this.name} of NATS ended: ${this.#lastWords()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #isReady(): Promise<boolean> {
    const { status } = await this.monitor<{ readonly status: string }>("/healthz");
    if (status !== "ok") return false;
    if (this.#options.routes.length === 0) return true;
    const { meta_cluster: meta } = await this.monitor<{
      readonly meta_cluster?: { readonly leader?: string; readonly cluster_size?: number };
    }>("/jsz");
    return (meta?.leader ?? "") !== "" && meta?.cluster_size === this.#options.routes.length;
  }

  /** What it has logged since its first start. */
  log(): string {
    return readFileSync(this.#file("nats.log"), "utf8");
  }

  #lastWords(): string {
    return this.log().slice(-LOG_TAIL);
  }

  #file(name: string): string {
    return join(this.#options.folder, name);
  }
}

function configuration(options: NatsServerOptions): string {
  const { name, folder, port, monitorPort, routePort, routes, syncsAlways, storeBytes, settings } = options;
  const { address } = options.host;
  const { behindRelay } = options;
  const own = behindRelay ?? { port, routePort };
  const isRelayed = behindRelay !== undefined;
  const here = `${address}:${routePort}`;
  const listens = `${address}:${own.routePort}`;
  // A server knows the route to itself by the port that it listens on, and counts the others for the size of the cluster.
  const cluster =
    routes.length === 0
      ? []
      : [
          "cluster {",
          "  name: netlog",
          `  listen: ${listens}`,
          ...(isRelayed ? [`  advertise: "${here}"`] : []),
          `  routes: [${routes.map((route) => `nats://${route === here ? listens : route}`).join(", ")}]`,
          "}",
        ];
  return [
    `server_name: ${name}`,
    `listen: ${address}:${own.port}`,
    ...(isRelayed ? [`client_advertise: "${address}:${port}"`] : []),
    `http: ${address}:${monitorPort}`,
    "jetstream {",
    `  store_dir: ${JSON.stringify(join(folder, "store"))}`,
    `  max_file_store: ${storeBytes}`,
    ...(syncsAlways ? ["  sync_interval: always"] : []),
    "}",
    ...cluster,
    settings,
    "",
  ].join("\n");
}
