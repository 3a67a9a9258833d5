/** What all ways of `netlog migrate` share: its arguments, and the two storages that it opens. */
import { resolve } from "node:path";
import {
  type CopyingStorage,
  DataFolderError,
  FileStorage,
  isNetlogError,
  LIMITS,
  nodeDisk,
  nodeRuntime,
  silentLogger,
} from "../../lib/index.ts";
import type { Context } from "../cli/command.ts";
import type { ConnectionOptions } from "../client/call/connection.ts";
import { readEngineFacts } from "../options/credential-files.ts";
import type { EngineOptions } from "../options/engine.ts";

export interface MigrateOptions extends Omit<EngineOptions, "advertise">, ConnectionOptions {
  readonly config: string;
  readonly dir: string;
  readonly isBack: boolean;
  readonly follows: boolean;
  readonly discards: boolean;
}

export interface Migration {
  readonly options: MigrateOptions;
  /** Those that were named; none: all. */
  readonly topics: readonly string[];
  readonly context: Context;
}

const SURROUNDINGS = { runtime: nodeRuntime, logger: silentLogger };

/** @throws DataFolderError: there is none, and it is not to be made. */
export async function withFolder<Result>(
  { dir, isBack }: MigrateOptions,
  work: (files: CopyingStorage) => Promise<Result>,
): Promise<Result> {
  const folder = resolve(dir);
  if (!isBack && (await nodeDisk.stat(folder))?.kind !== "folder") {
    throw new DataFolderError(`there is no data folder ${folder}`);
  }
  const files = await FileStorage.open({ ...SURROUNDINGS, limits: LIMITS, folder, disk: nodeDisk });
  try {
    return await work(files);
  } finally {
    await files.close();
  }
}

/** @throws EngineStartError, CredentialError. */
export async function withNats<Result>(
  options: MigrateOptions,
  work: (nats: CopyingStorage) => Promise<Result>,
): Promise<Result> {
  const { Engine } = await import("../../lib/jetstream/index.ts");
  const facts = { ...SURROUNDINGS, ...readEngineFacts(options), url: undefined };
  const engine = await Engine.open(facts, LIMITS);
  const nats = await engine.openStorage();
  // The servers are not to wait for this process to take up a topic that has none.
  engine.leave();
  try {
    return await work(nats);
  } finally {
    await nats.close();
    engine.end();
  }
}

/** Why a topic was not copied, in words. @throws `error`, where that is a defect. */
export function reasonOf(error: unknown): string {
  if (!isNetlogError(error)) throw error;
  const { code, reason } = error;
  return reason ?? (code === "topic_exists" ? "it is there already" : error.message);
}
