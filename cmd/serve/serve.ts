/** `netlog serve`: opens the topics, listens, and stops cleanly when asked to. */
import { existsSync, rmdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import ms from "ms";
import type { Logger, Netlog } from "../../lib/index.ts";
import { CONSOLE_FOLDER, type RunningServer, type ServerOptions, startServer } from "../../server/index.ts";
import { type Command, type Context, EXIT } from "../cli/command.ts";
import { nextStopSignal } from "../cli/signals.ts";
import { LIMITS, limitsOf } from "../options/limits.ts";
import { SERVE_OPTIONS, type ServeOptions } from "../options/options.ts";
import { parseServeOptions } from "../options/parse-options.ts";
import {
  type Credentials,
  logCredentials,
  type Reloaded,
  readCredentials,
  reloadOnHangUp,
} from "./credentials.ts";
import { openLog, type ProgramLog } from "./logger.ts";
import { type OpenTopics, openTopics } from "./open-topics.ts";
import { letHeapGrow, openFileLimit } from "./process-settings.ts";
import { prepareViews, type ServedViews } from "./serve-views.ts";
import { explainListenError, explainOpenError } from "./start-error.ts";
import { checkStart, openStartWarnings, type Start } from "./start-rules.ts";

export const serveCommand: Command = {
  usage: "[flags]",
  details: [
    "Serves the topics of a data folder over HTTP until SIGTERM or SIGINT, then answers what waits, syncs\n" +
      "and exits with status 0. A second signal ends it at once. It logs to stderr. With --engine, NATS keeps the topics,\n" +
      "and any number of servers serve them.",
    "On loopback everybody may do everything. On another address it starts with a token file (`netlog help token`),\n" +
      "or with --insecure. SIGHUP has the token file, the certificate and its key read again.",
  ],
  options: SERVE_OPTIONS,
  async run(context) {
    const options = parseServeOptions(context.args, context.environment);
    const log = await openLog(options.debug ? "trace" : options.logLevel, process.stderr.isTTY);
    const missing = options.engine.length > 0 ? [] : missingFolders(resolve(options.dir));
    let hasServed = false;
    try {
      const status = await serve(options, context, log);
      hasServed = status === EXIT.ok;
      return status;
    } finally {
      if (!hasServed) removeEmptyFolders(missing);
      await log.output.drain(LIMITS.logDrainMs);
    }
  },
};

async function serve(
  options: ServeOptions,
  context: Context,
  { logger, output }: ProgramLog,
): Promise<number> {
  const { stderr, version } = context;
  const views = await prepareViews(options, context, logger);
  letHeapGrow();
  const signal = nextStopSignal();
  const reloadFor = reloadOnHangUp(options, logger, process.stderr.isTTY);
  const refuse = (reason: string | undefined, error: unknown): number => {
    if (reason === undefined) throw error;
    stderr.write(`netlog: ${reason}\n`);
    return EXIT.failed;
  };

  let start: Start;
  let credentials: Credentials;
  try {
    start = await checkStart(options);
    credentials = readCredentials(options);
  } catch (error) {
    return refuse(explainOpenError(error) ?? explainListenError(error, options), error);
  }
  const allowedFiles = openFileLimit();
  const startedAtMs = performance.now();
  let topics: OpenTopics;
  try {
    const isTls = credentials.certificate !== undefined;
    topics = await openTopics(options, limitsOf(options, allowedFiles), { logger, isTls });
  } catch (error) {
    return refuse(explainOpenError(error), error);
  }
  const { netlog, limits, place } = topics;
  const openedInMs = Math.round(performance.now() - startedAtMs);

  let server: RunningServer;
  try {
    const droppedLogLines = () => output.droppedCount;
    server = await listen(options, start, credentials, {
      netlog,
      limits,
      logger,
      version,
      droppedLogLines,
      views,
    });
  } catch (error) {
    await topics.close();
    return refuse(explainListenError(error, options), error);
  }
  const ports: RunningServer & Reloaded = views === undefined ? server : withViews(server, views);
  reloadFor(ports);
  logListening(server, netlog, { place, openedInMs }, logger);
  const { connections } = limits;
  if (connections < options.connections) {
    logger.info({ allowedFiles, connections }, "the system allows too few open files for more connections");
  }
  logCredentials(options, credentials, logger);
  if (start.isOpen) for (const warning of openStartWarnings(options)) logger.warn({}, warning);

  try {
    const consoleUrl = options.hasNoConsole ? undefined : `${server.url}/-/console/`;
    await views?.begin(netlog, { ...portOptions(options, credentials), limits, version }, consoleUrl);
    // A port that has opened since a SIGHUP has what was read before it.
    reloadFor(ports);
  } catch (error) {
    await end(server, topics, views);
    return refuse(explainOpenError(error), error);
  }

  logger.info({ signal: await signal }, "stopping; once more ends at once");
  await end(server, topics, views);
  logger.info({}, "stopped");
  return EXIT.ok;
}

function logListening(
  { url, port, grpcPort }: RunningServer,
  netlog: Netlog,
  { place, openedInMs }: { readonly place: string; readonly openedInMs: number },
  logger: Logger,
): void {
  const failed = netlog.failedTopics().length;
  const topics = netlog.topicNames().length - failed;
  const opened = `${topics} ${topics === 1 ? "topic" : "topics"} opened in ${ms(openedInMs)}`;
  logger.info(
    { url, port, folder: place, topics, failed, openedInMs },
    `listening on ${url}, data in ${place}, ${opened}`,
  );
  if (grpcPort !== undefined) logger.info({ grpcPort }, `gRPC on port ${grpcPort}`);
}

/** All ports at once, for a supervisor waits for all of them together no longer than for one; the log behind all. */
async function end(server: RunningServer, topics: OpenTopics, views: ServedViews | undefined): Promise<void> {
  const viewsStopped = views?.stop();
  topics.leave();
  topics.netlog.beginShutdown();
  const stopped = Promise.allSettled([viewsStopped, server.stop()]);
  await topics.giveAway(stopped);
  const ended = await stopped;
  await topics.close();
  for (const each of ended) if (each.status === "rejected") throw each.reason;
}

/** Tokens and certificates that are read again are for the ports of views, too. */
function withViews(server: RunningServer, views: ServedViews): RunningServer & Reloaded {
  return {
    ...server,
    replaceTokens(tokens) {
      server.replaceTokens(tokens);
      views.replaceTokens(tokens);
    },
    replaceCertificate(certificate) {
      server.replaceCertificate(certificate);
      views.replaceCertificate(certificate);
    },
    rereadOwnCertificates: () => views.rereadOwnCertificates(),
  };
}

function listen(
  options: ServeOptions,
  { host, grpcHost }: Start,
  credentials: Credentials,
  surroundings: Pick<ServerOptions, "netlog" | "limits" | "logger" | "version" | "droppedLogLines" | "views">,
): Promise<RunningServer> {
  const { listen: address, grpcListen, rateLimit } = options;
  return startServer({
    ...surroundings,
    ...portOptions(options, credentials),
    host,
    port: address.port,
    grpc:
      grpcHost === undefined || grpcListen === "off" ? undefined : { host: grpcHost, port: grpcListen.port },
    rate: rateLimit === "off" ? undefined : rateLimit,
    consoleFolder: options.hasNoConsole ? undefined : CONSOLE_FOLDER,
  });
}

/** What the ports of views have as the log's has it. */
export function portOptions(
  options: Pick<ServeOptions, "allowedHosts" | "corsOrigins" | "areMetricsOpen" | "trustedProxies">,
  { tokens, certificate }: Credentials,
): Pick<
  ServerOptions,
  "allowedHosts" | "corsOrigins" | "areMetricsOpen" | "trustedProxies" | "tokens" | "certificate"
> {
  const { allowedHosts, corsOrigins, areMetricsOpen, trustedProxies } = options;
  return { allowedHosts, corsOrigins, areMetricsOpen, trustedProxies, tokens, certificate };
}

/** `path`, which is absolute, and the folders around it that do not exist, the innermost first. */
function missingFolders(path: string): string[] {
  const missing: string[] = [];
  for (let folder = path; !existsSync(folder); folder = dirname(folder)) missing.push(folder);
  return missing;
}

/** Takes back the folders that a failed start made: removes those that exist and are empty. */
function removeEmptyFolders(folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      // It was not made, or another program has put something into it.
      return;
    }
  }
}
