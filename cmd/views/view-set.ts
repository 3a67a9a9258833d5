/**
 * The views of one process: `netlog serve --view` has them beside the log, `netlog view` has one alone. Each has a runner, a
 * database, which views may share, and ports of its own.
 */
import { setTimeout } from "node:timers/promises";
import { type Logger, nodeRuntime } from "../../lib/index.ts";
import { type LogReader, VIEW_LIMITS, ViewRunner, ViewStopped } from "../../lib/views/index.ts";
import {
  type Door,
  isLoopback,
  type RunningGrpcServer,
  type RunningServer,
  LIMITS as SERVER_LIMITS,
  type ServerOptions,
  startGrpcServer,
  startServer,
  type Views,
  viewsDoor,
} from "../../server/index.ts";
import type {
  GrpcPortOptions,
  OpenPort,
  PortOptions,
  PortTls,
  PreparedView,
  Surface,
  ViewProgram,
} from "../../server/views/view-program.ts";
import type { GivenOptions } from "../cli/option.ts";
import { formatListenAddress, type ListenAddress } from "../cli/option-values.ts";
import { UsageError } from "../cli/usage-error.ts";
import { CredentialError, readPortCertificate } from "../options/credential-files.ts";
import type { LimitOptions } from "../options/limits.ts";
import type { TopicOptions } from "../options/topics.ts";
import type { ViewName, ViewOptions } from "../options/views.ts";
import { Databases } from "./open-database.ts";
import { VIEW_PROGRAMS } from "./programs.ts";
import { type FoundSettings, findSettings, givenSettings } from "./view-settings.ts";

export interface ViewSetOptions {
  readonly names: readonly ViewName[];
  readonly options: Omit<ViewOptions, "views"> & Pick<TopicOptions, "dir"> & Pick<LimitOptions, "stopMs">;
  /** Who gave the options. */
  readonly given: GivenOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** It is the only one of its process. */
  readonly isAlone: boolean;
  readonly logger: Logger;
}

/** What the ports of views have as the log's port has it. */
export type PortSurroundings = Omit<
  ServerOptions,
  "netlog" | "doors" | "views" | "host" | "port" | "logger" | "rate"
>;

export interface StartOptions {
  readonly log: LogReader;
  readonly ports: PortSurroundings;
  /** The console of the log; `undefined`: there is none. */
  readonly consoleUrl: string | undefined;
  /**
   * The address to listen on, where that is allowed; what is `isGuarded` needs no tokens of the server. @throws UsageError;
   * Node's error for an unknown name.
   */
  readonly checkAddress: (address: ListenAddress, isGuarded: boolean) => Promise<string>;
}

interface Part {
  readonly program: ViewProgram;
  readonly settings: FoundSettings;
  readonly prepared: PreparedView;
}

/** The share of the time for a stop that requests in flight have. */
const PORTS_SHARE = 0.8;

/** A port of a view, by whatever protocol. */
type ViewServer = Omit<RunningServer, "grpcPort">;

/** A view that cannot start; the message is one line for the person who starts it. */
export class ViewStartError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = "ViewStartError";
  }
}

export class ViewSet implements Views {
  readonly names: readonly string[];
  readonly #options: ViewSetOptions;
  readonly #parts: readonly Part[];
  readonly #databases: Databases;
  readonly #runners = new Map<string, ViewRunner>();
  readonly #surfaces = new Map<string, Surface>();
  /** Calls on the port of each view that speaks gRPC. */
  readonly #calls = new Map<string, RunningGrpcServer["calls"]>();
  /** The files of each one's own certificate; `undefined`: it has the log's. */
  readonly #servers = new Map<ViewServer, PortTls | undefined>();

  private constructor(options: ViewSetOptions, parts: readonly Part[]) {
    this.#options = options;
    this.#parts = parts;
    this.names = parts.map(({ program }) => program.name);
    this.#databases = new Databases(options.options, options.logger);
  }

  /** Reads the settings; opens nothing. @throws UsageError. */
  static async prepare(options: ViewSetOptions): Promise<ViewSet> {
    const parts: Part[] = [];
    for (const name of options.names) {
      const load = VIEW_PROGRAMS[name];
      if (load === undefined) throw new TypeError(`there is no program of the view ${name}`);
      const program = await load();
      const settings = findSettings({
        view: name,
        variables: program.variables,
        environment: options.environment,
        isAlone: options.isAlone,
        settings: givenSettings(options.options.viewSettings, options.given),
      });
      parts.push({ program, settings, prepared: program.prepare(settings) });
    }
    return new ViewSet(options, parts);
  }

  /** What the settings of its views say of it. */
  get logLevel(): PreparedView["logLevel"] {
    return this.#parts.find(({ prepared }) => prepared.logLevel !== undefined)?.prepared.logLevel;
  }

  /** Opens databases and ports, and begins to apply. @throws ViewStartError; DataFolderError; UsageError. */
  async start(given: StartOptions): Promise<void> {
    // The batches in hand have the rest of the time.
    const stopMs = PORTS_SHARE * this.#options.options.stopMs;
    const limits = { ...(given.ports.limits ?? SERVER_LIMITS), stopMs };
    const options: StartOptions = { ...given, ports: { ...given.ports, limits } };
    await this.open(options.log);
    for (const { program, prepared, settings } of this.#parts) {
      const logger = this.#options.logger;
      if (settings.ignored.length > 0) {
        logger.info({ ignored: settings.ignored }, "settings of removed parts are ignored");
      }
      const view = this.#require(program.name);
      const openPort = (port: PortOptions): Promise<OpenPort> => this.#openPort(program.name, port, options);
      const { version = "0.0.0", tokens } = options.ports;
      const { consoleUrl } = options;
      const openGrpcPort = (port: GrpcPortOptions): Promise<OpenPort> =>
        this.#openGrpcPort(program.name, port, options);
      const context = { view, logger, runtime: nodeRuntime, version, consoleUrl, openPort, openGrpcPort };
      const surface = await prepared.listen({ ...context, hasTokens: tokens !== undefined });
      this.#surfaces.set(program.name, surface);
      view.start();
    }
  }

  /** Opens the databases alone: for a status, or a rebuild, of views that run nowhere. @throws DataFolderError. */
  async open(log: LogReader): Promise<void> {
    for (const { program, prepared, settings } of this.#parts) {
      const database = await this.#databases.open(settings, program.databaseVariables);
      const runner = new ViewRunner({
        createView: (use) => prepared.createView(use),
        database,
        log,
        start: this.#options.options.viewFrom,
        skipsRefused: this.#options.options.skipsRefused,
        limits: VIEW_LIMITS,
        logger: this.#options.logger,
        runtime: nodeRuntime,
      });
      this.#runners.set(program.name, runner);
    }
  }

  /** False: nothing is where PGlite would have the tables of this view. */
  async hasDatabase(name: string): Promise<boolean> {
    const part = this.#parts.find(({ program }) => program.name === name);
    return part !== undefined && (await this.#databases.has(part.settings, part.program.databaseVariables));
  }

  figures(): ReturnType<Views["figures"]> {
    return Array.from(this.#runners, ([name, runner]) => ({
      ...runner.figures(),
      calls: this.#calls.get(name),
    }));
  }

  async status(): ReturnType<Views["status"]> {
    return await Promise.all(
      Array.from(this.#runners, async ([name, runner]) => ({
        ...(await runner.status()),
        url: this.#surfaces.get(name)?.pagesUrl,
      })),
    );
  }

  async rebuild(name: string, request: Parameters<Views["rebuild"]>[1]): Promise<void> {
    await this.#require(name).rebuild(request);
  }

  /** As RunningServer does, on all ports. */
  replaceTokens(tokens: Parameters<RunningServer["replaceTokens"]>[0]): void {
    for (const server of this.#servers.keys()) server.replaceTokens(tokens);
  }

  replaceCertificate(certificate: Parameters<RunningServer["replaceCertificate"]>[0]): void {
    for (const [server, tls] of this.#servers) if (tls === undefined) server.replaceCertificate(certificate);
  }

  /** Reads the certificates that ports have of their own again. A broken file leaves what was read before. */
  rereadOwnCertificates(): void {
    for (const [server, tls] of this.#servers) {
      if (tls === undefined) continue;
      try {
        server.replaceCertificate(readPortCertificate(tls));
        this.#options.logger.info({ file: tls.cert }, "certificate of a view's port read");
      } catch (error) {
        if (!(error instanceof CredentialError)) throw error;
        this.#options.logger.error({}, `${error.message}; what was read before stays`);
      }
    }
  }

  /**
   * Ends the ports, then the batches in hand, then the databases. What has not ended after --stop-timeout is cut: a batch
   * that a database was given last is there whole, or not at all.
   */
  async stop(): Promise<void> {
    const {
      options: { stopMs },
      logger,
    } = this.#options;
    const stopped = this.#stop();
    const late = new AbortController();
    const inTime = stopped.finally(() => late.abort());
    await Promise.race([inTime, setTimeout(stopMs, undefined, { signal: late.signal }).catch(() => {})]);
    if (!late.signal.aborted) {
      logger.warn({}, "the database of a view does not answer: its last batch may be missing");
      this.#databases.cut();
    }
    await stopped;
  }

  async #stop(): Promise<void> {
    await Promise.all(Array.from(this.#surfaces.values(), (surface) => surface.stop()));
    await Promise.all(Array.from(this.#runners.values(), (runner) => runner.stop()));
    await this.#databases.close();
  }

  async #openPort(view: string, port: PortOptions, { ports, checkAddress }: StartOptions): Promise<OpenPort> {
    const { door, rate } = port;
    const { logger, isAlone } = this.#options;
    const certificate = port.tls === undefined ? ports.certificate : readPortCertificate(port.tls);
    return await this.#open(view, port, port.tls, async () => {
      const address = await checkAddress(port, port.isGuarded === true);
      if (port.isLocal === true && !isLoopback(address)) {
        const where = formatListenAddress(port);
        throw new UsageError(
          `others can reach ${where}, and the view ${view} does not ask who they are there`,
        );
      }
      // Beside a log, the log's port tells of views. Who is a stranger to the server's tokens starts no rebuild.
      const isAsked = isAlone && port.isGuarded !== true;
      const doors = { main: door as Door, others: isAsked ? [viewsDoor] : [] };
      const limits = { ...(ports.limits ?? SERVER_LIMITS), ...port.limits };
      const own = {
        netlog: undefined,
        views: this,
        doors,
        host: address,
        port: port.port,
        logger,
        rate,
        certificate,
        limits,
      };
      return await startServer({ ...ports, ...own });
    });
  }

  async #openGrpcPort(
    view: string,
    port: GrpcPortOptions,
    { ports, checkAddress }: StartOptions,
  ): Promise<OpenPort> {
    const { logger } = this.#options;
    return await this.#open(view, port, undefined, async () => {
      const host = await checkAddress(port, false);
      const server = await startGrpcServer({ ...ports, ...port, host, logger });
      this.#calls.set(view, server.calls);
      return server;
    });
  }

  /** @throws UsageError; ViewStartError where the port cannot be had. */
  async #open(
    view: string,
    port: ListenAddress & Pick<OpenPort, "name">,
    tls: PortTls | undefined,
    start: () => Promise<ViewServer>,
  ): Promise<OpenPort> {
    const { name } = port;
    let server: ViewServer;
    try {
      server = await start();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      const where = formatListenAddress(port);
      throw new ViewStartError(
        `the view ${view} cannot listen on ${where} (${code}); give it another port`,
        error,
      );
    }
    const { url } = server;
    this.#servers.set(server, tls);
    this.#options.logger.info({ view, port: server.port, url }, `the ${name} of ${view} listens on ${url}`);
    return {
      name,
      url,
      port: server.port,
      stop: async () => {
        this.#servers.delete(server);
        await server.stop();
      },
    };
  }

  #require(name: string): ViewRunner {
    const runner = this.#runners.get(name);
    if (runner === undefined) throw new ViewStopped(`the view ${name} is starting; try again`);
    return runner;
  }
}
