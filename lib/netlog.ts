/** The whole of a data folder: its topics by name, made, opened and deleted. */
import type { Disk } from "./disk/disk.ts";
import type { Limits } from "./limits.ts";
import type { Logger } from "./logger.ts";
import type { Runtime } from "./runtime.ts";
import type { Topic } from "./topic.ts";

export interface NetlogOptions {
  readonly folder: string;
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly logger: Logger;
  /** Settings of topics that do not say otherwise: the JSON of `POST /:topic`, any part of it. */
  readonly defaults?: unknown;
  readonly monitorIntervalMs?: number;
  readonly limits?: Limits;
}

export class Netlog {
  /** @throws DataFolderError when the folder cannot be used: its message is for the user. */
  static open(options: NetlogOptions): Promise<Netlog> {
    return unfinished(options);
  }
  topicNames(): string[] {
    return unfinished();
  }
  failedTopics(): { name: string; reason: string }[] {
    return unfinished();
  }
  topic(name: string): Topic {
    return unfinished(name);
  }
  createTopic(name: string, settings?: unknown): Promise<Topic> {
    return unfinished(name, settings);
  }
  deleteTopic(name: string, options: { readonly force: boolean }): Promise<void> {
    return unfinished(name, options);
  }
  beginShutdown(): void {
    unfinished();
  }
  close(): Promise<void> {
    return unfinished();
  }
}

function unfinished(..._given: unknown[]): never {
  throw new Error("not built yet");
}
