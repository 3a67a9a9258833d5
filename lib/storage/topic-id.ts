/**
 * A topic's random id, in a small file of its own: a topic that was deleted and made again has other ids than before,
 * so that nobody takes its messages for the old ones. An id names nothing on the disk, and losing it costs caches only.
 * A second line says that the topic has kept a state: a topic without its state's files has then lost them.
 *
 * ```
 * 5f1c…
 * has a state
 * ```
 */

import { NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import type { Disk } from "../disk/disk.ts";
import { hasCode } from "../disk/disk-error.ts";
import { errorCode } from "../disk/disk-refusals.ts";

export const TOPIC_ID_NAME = "id";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const STATE_LINE = "has a state";

/** What the file says. */
export interface TopicIdentity {
  readonly id: string;
  readonly hasState: boolean;
}

/** Durable when it resolves. @throws what the disk throws. */
export async function writeTopicId(disk: Disk, folder: string, id: string, hasState = false): Promise<void> {
  const lines = hasState ? [id, STATE_LINE] : [id];
  await replaceFile(
    disk,
    `${folder}/${TOPIC_ID_NAME}`,
    Buffer.from(lines.map((line) => `${line}\n`).join("")),
  );
}

/**
 * The identity of the topic in `folder`; `undefined` when it has none, or what is there is none.
 *
 * @throws topic_unavailable when that cannot be read.
 */
export async function readTopicId(disk: Disk, folder: string): Promise<TopicIdentity | undefined> {
  try {
    const text = (await disk.readFile(`${folder}/${TOPIC_ID_NAME}`)).toString("latin1");
    const [id = "", second] = text.split("\n").map((line) => line.trim());
    return UUID.test(id) ? { id, hasState: second === STATE_LINE } : undefined;
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return undefined;
    throw new NetlogError("topic_unavailable", {
      reason: `${TOPIC_ID_NAME} cannot be read (${errorCode(cause)})`,
      cause,
    });
  }
}

/**
 * The identity of the topic in `folder`, where it has none a new one. A disk that takes no new file, because it is full or
 * read-only, must not keep the topic's messages away: the id is then good until the next opening.
 *
 * @throws topic_unavailable when it cannot be read.
 */
export async function openTopicId(
  { disk, runtime, logger }: { readonly disk: Disk; readonly runtime: Runtime; readonly logger: Logger },
  folder: string,
): Promise<TopicIdentity> {
  const known = await readTopicId(disk, folder);
  if (known !== undefined) return known;
  const id = runtime.randomId();
  try {
    await writeTopicId(disk, folder, id);
  } catch (error) {
    logger.warn(
      { err: error, folder },
      "the topic's new id could not be written; the next start makes another",
    );
  }
  return { id, hasState: false };
}
