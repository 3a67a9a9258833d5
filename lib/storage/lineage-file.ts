/**
 * What a topic's folder says of its forks, and of the topic that it is a fork of. Only topics that have to do with others
 * have such a file. A deleted topic that has forks keeps it: that is a tombstone.
 *
 * ```
 * {"source":{"topic":"a","id":"…","offset":12,"bytes":0},"forks":[{"topic":"b","id":"…","offset":9,"bytes":0}],"deleted":false}
 * {"crc32":2640930232}
 * ```
 *
 * The checksum is that of the first line. Source and fork name each other, so either file can be made again from the other.
 */
import { crc32 } from "../base/checksum.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import type { Disk } from "../disk/disk.ts";
import type { ForkSource } from "../topic/storage.ts";
import { type Copy, DamagedCopy, readCopy } from "./two-copies.ts";

export const LINEAGE_NAME = "lineage";

/** A topic by name and id, and the place that the two have in common. Either side has it of the other. */
export type Relative = ForkSource;

export interface KeptLineage {
  readonly source: Relative | undefined;
  readonly forks: readonly Relative[];
  readonly isDeleted: boolean;
}

export type LineageCopy = Copy<{ readonly status: "sound" } & KeptLineage>;

const SEALED = /^([^\n]*\n)\{"crc32":(\d+)\}\n$/;

/** Durable when it resolves. @throws what the disk throws. */
export async function writeLineage(disk: Disk, folder: string, kept: KeptLineage): Promise<void> {
  const { source, forks, isDeleted } = kept;
  const line = `${JSON.stringify({ source, forks, deleted: isDeleted })}\n`;
  const bytes = Buffer.from(`${line}{"crc32":${crc32(Buffer.from(line))}}\n`);
  await replaceFile(disk, `${folder}/${LINEAGE_NAME}`, bytes);
}

export function readLineage(disk: Disk, folder: string): Promise<LineageCopy> {
  return readCopy(LINEAGE_NAME, async (name) => {
    const kept = decode((await disk.readFile(`${folder}/${name}`)).toString());
    return { status: "sound", ...kept };
  });
}

/** What has its checksum was written by writeLineage. @throws DamagedCopy. */
function decode(text: string): KeptLineage {
  const [, line, checksum] = SEALED.exec(text) ?? [];
  if (line === undefined || crc32(Buffer.from(line)) !== Number(checksum)) {
    throw new DamagedCopy("does not have its checksum");
  }
  const { source, forks, deleted } = JSON.parse(line) as {
    readonly source?: Relative;
    readonly forks: readonly Relative[];
    readonly deleted: boolean;
  };
  return { source, forks, isDeleted: deleted };
}
