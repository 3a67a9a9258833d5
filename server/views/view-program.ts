/**
 * What makes a program of a view: its settings, from upstream's variables, and its surfaces. server/views/<name>/ has one
 * for each view; the runtime starts and stops it.
 */
import type { Logger, Runtime } from "../../lib/index.ts";
import type { RunningView, View, ViewUse } from "../../lib/views/index.ts";
import type { GrpcOptions } from "../grpc/grpc-server.ts";
import type { Door } from "../http/door.ts";
import type { Limits } from "../http/limits.ts";

export interface ViewVariable {
  /** As upstream has it, or ours: `PUBLICPORT`. So it counts in `netlog view <name>`. `NETLOG_PAYLOADS_PUBLICPORT` counts everywhere. */
  readonly name: string;
  /** Names that upstream has for it, where that is not `name`. */
  readonly upstream?: readonly string[];
  /** No other program can mean it, so that it counts in `serve --view` without the prefix, too. */
  readonly isUnmistakable?: true;
  /** Where it names a removed part: it is taken and ignored, and one line of the log says this. */
  readonly ignoredFor?: string;
  readonly description: string;
  /** As one would type it; empty: none. */
  readonly fallback: string;
}

/** The values of a program's variables: a flag's, else the environment's, else the fallback. */
export interface ViewSettings {
  /** @throws TypeError for a name that the program does not declare. */
  text(name: string): string;
  /** True when it was given. */
  has(name: string): boolean;
  /** The refusal of a value: names the variable as its giver spelled it, and says what is `allowed`. */
  refusal(name: string, allowed: string): Error;
}

/** Which variables name the database, where `--db` does not. `host` alone makes a view use a server. */
export interface DatabaseVariables {
  readonly host: string;
  readonly port: string;
  readonly user: string;
  readonly password: string;
  readonly name: string;
  /** Upstream's words for the mode are libpq's; the others are files. */
  readonly ssl?: {
    readonly mode: string;
    readonly cert: string;
    readonly key: string;
    readonly rootCert: string;
  };
  /** Where upstream has two switches in the place of a mode: whether TLS is spoken, and without a look at the certificate. */
  readonly tls?: { readonly enabled: string; readonly insecure: string };
}

export interface ViewProgram {
  readonly name: string;
  /** For `netlog help view`. */
  readonly summary: string;
  readonly variables: readonly ViewVariable[];
  readonly databaseVariables: DatabaseVariables;
  /** Reads the settings; nothing is opened yet. @throws ViewSettings.refusal. */
  prepare(settings: ViewSettings): PreparedView;
}

export interface PreparedView {
  /** What `netlog view <name>` logs from, where it was not started with --loglevel; `undefined`: upstream's names set none. */
  readonly logLevel?: "debug" | "info" | "warn" | "error" | undefined;
  /** One for each schema that it fills: see View. */
  createView(use: ViewUse): View<unknown>;
  /** Listens on the view's own ports. @throws Node's error when it cannot: EADDRINUSE, … */
  listen(context: SurfaceContext): Promise<Surface>;
}

export interface SurfaceContext {
  readonly view: RunningView;
  readonly logger: Logger;
  readonly runtime: Runtime;
  /** The version of the program. */
  readonly version: string;
  /** The console of the log, to which pages link; `undefined`: there is none. */
  readonly consoleUrl: string | undefined;
  /** The server has a token file. */
  readonly hasTokens: boolean;
  /**
   * Serves `door` on a port of its own, with the log's gate, tokens, rates, limits and request log. The address is
   * loopback's unless the host says otherwise; an open one without tokens is refused, but with --insecure.
   */
  openPort(options: PortOptions): Promise<OpenPort>;
  /** The same for gRPC, under the same rules. */
  openGrpcPort(options: GrpcPortOptions): Promise<OpenPort>;
}

export interface GrpcPortOptions
  extends Pick<GrpcOptions, "host" | "port" | "services" | "methods" | "isReady"> {
  /** What it is for. */
  readonly name: string;
}

export interface PortOptions {
  /** What it is for: `api`. */
  readonly name: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly door: Door;
  /** Who asks is checked by the door itself: it may listen beyond loopback without tokens of the server. */
  readonly isGuarded?: boolean;
  /** It may listen on loopback alone. */
  readonly isLocal?: boolean;
  /** Files of a certificate of its own; the log's otherwise. */
  readonly tls?: PortTls | undefined;
  /** Where it has other limits than the log. */
  readonly limits?: Partial<Pick<Limits, "headersMs" | "keepAliveMs" | "headerBytes">>;
  /** How often each client may ask; `undefined`: as often as it likes. */
  readonly rate?: { readonly count: number; readonly periodMs: number } | undefined;
}

/** Files in PEM form; empty: none. */
export interface PortTls {
  readonly cert: string;
  readonly key: string;
  /** Certificates between the server's own and its authority. */
  readonly chain: string;
  /** Authorities of clients: without a certificate of theirs a client is refused. */
  readonly clientCa: string;
}

export interface OpenPort {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** The open ports of a view. */
export interface Surface {
  readonly ports: readonly OpenPort[];
  /** Where browsers find its pages; `undefined`: it has none. */
  readonly pagesUrl?: string | undefined;
  stop(): Promise<void>;
}
