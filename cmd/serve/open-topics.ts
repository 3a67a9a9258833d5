/** The topics that a server serves: those of a data folder, or those that NATS keeps for this server and others. */
import { resolve } from "node:path";
import { FileStorage, type Logger, Netlog, nodeDisk, nodeRuntime } from "../../lib/index.ts";
import type { Engine } from "../../lib/jetstream/index.ts";
import { formatListenAddress } from "../cli/option-values.ts";
import { readEngineFacts } from "../options/credential-files.ts";
import type { Limits } from "../options/limits.ts";
import type { ServeOptions } from "../options/options.ts";

export interface OpenTopics {
  readonly netlog: Netlog;
  /** Those given, as far as what keeps the topics allows. */
  readonly limits: Limits;
  /** Where the topics are, for the log. */
  readonly place: string;
  /** The server is about to stop, and takes no more topics of others. */
  leave(): void;
  /**
   * Where other servers serve the same topics, has them take these over a moment after the stop has begun. What is under way
   * for longer is refused then: one slow client is not to keep the topics from all others. Never rejects.
   */
  giveAway(stopped: Promise<unknown>): Promise<void>;
  /** Closes the Netlog, and all behind it. */
  close(): Promise<void>;
}

/** @throws DataFolderError; EngineStartError; CredentialError; NetlogError. */
export function openTopics(
  options: ServeOptions,
  limits: Limits,
  { logger, isTls }: { readonly logger: Logger; readonly isTls: boolean },
): Promise<OpenTopics> {
  if (options.engine.length > 0) return openOnEngine(options, limits, logger, isTls);
  return openInFolder(options, limits, logger);
}

async function openInFolder(options: ServeOptions, limits: Limits, logger: Logger): Promise<OpenTopics> {
  const folder = resolve(options.dir);
  const netlog = await openNetlog(options, limits, folder, logger);
  const giveAway = (): Promise<void> => Promise.resolve();
  return { netlog, limits, place: folder, leave: () => {}, giveAway, close: () => netlog.close() };
}

export function openNetlog(
  options: ServeOptions,
  limits: Limits,
  folder: string,
  logger: Logger,
): Promise<Netlog> {
  const surroundings = { runtime: nodeRuntime, logger, limits };
  return Netlog.open({
    ...surroundings,
    ...topicOptions(options),
    openStorage: () => FileStorage.open({ ...surroundings, folder, disk: nodeDisk }),
  });
}

/** Nothing of NATS is loaded without an engine. */
async function openOnEngine(
  options: ServeOptions,
  given: Limits,
  logger: Logger,
  isTls: boolean,
): Promise<OpenTopics> {
  const { Engine: Engines } = await import("../../lib/jetstream/index.ts");
  const url = advertisedUrl(options, isTls);
  const engine = await Engines.open(
    {
      ...readEngineFacts(options),
      url,
      grpcUrl: advertisedGrpc(url, options, isTls),
      runtime: nodeRuntime,
      logger,
    },
    given,
  );
  const { limits, neighbours } = engine;
  const netlog = await Netlog.open({
    runtime: nodeRuntime,
    logger,
    limits,
    ...topicOptions(options),
    openStorage: () => engine.openStorage(),
    neighbours,
  });
  const close = (): Promise<void> => closeOnEngine(netlog, engine);
  try {
    await engine.begin(netlog);
  } catch (error) {
    await close();
    throw error;
  }
  const place = `NATS (${options.enginePrefix}, ${options.engineCopies} copies)`;
  const giveAway = async (stopped: Promise<unknown>): Promise<void> => {
    if (neighbours.figures().otherServerCount === 0) return;
    const grace = new Promise<void>((resolve) => void nodeRuntime.setTimer(limits.engineGiveAwayMs, resolve));
    await Promise.race([stopped, grace]);
    await netlog.giveAway();
  };
  return { netlog, limits, place, leave: () => engine.leave(), giveAway, close };
}

async function closeOnEngine(netlog: Netlog, engine: Engine<Limits>): Promise<void> {
  engine.leave();
  await netlog.close();
  engine.end();
}

function topicOptions(options: ServeOptions): {
  readonly monitorIntervalMs: number;
  readonly defaults: object;
} {
  return {
    monitorIntervalMs: options.monitorIntervalMs,
    defaults: {
      segment_age: options.segmentAge,
      segment_size: options.segmentSizeBytes,
      batch_num_messages: options.batchNumMessages,
      batch_interval: options.batchInterval,
      compression_type: options.compression,
    },
  };
}

/** `undefined`: nobody can say where other servers reach this one. */
function advertisedUrl({ advertise, listen }: ServeOptions, isTls: boolean): string | undefined {
  if (advertise !== "") return advertise;
  const isAny = listen.host === "" || listen.host === "0.0.0.0" || listen.host === "::";
  if (isAny || listen.port === 0) return undefined;
  return `${isTls ? "https" : "http"}://${formatListenAddress(listen)}`;
}

/** gRPC has the host of HTTP, a port of its own, and the same certificate. */
function advertisedGrpc(
  url: string | undefined,
  { grpcListen }: ServeOptions,
  isTls: boolean,
): string | undefined {
  if (url === undefined || grpcListen === "off" || grpcListen.port === 0) return undefined;
  return `${isTls ? "https" : "http"}://${new URL(url).hostname}:${grpcListen.port}`;
}
