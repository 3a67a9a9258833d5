/** Data folders as the Go NetLog leaves them, written here for the cases that the kept one does not have. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { encodeMessage } from "../../lib/message/message.ts";
import { unpackGoData } from "./go-data.ts";

const HEADER_BYTES = 16;
const INDEX_ENTRY_BYTES = 16;

/** Files by their path below the data folder. */
export type GoFiles = Map<string, Buffer>;

/** What was written at once. */
export interface GoWrite {
  readonly seconds: number;
  readonly bytes: Buffer;
  readonly count: number;
}

export interface GoSegment {
  readonly baseOffset: number;
  readonly writes: readonly GoWrite[];
}

/** The kept folder that a Go NetLog wrote. */
export function keptGoFiles(): GoFiles {
  const folder = unpackGoData();
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(folder, name))]));
}

/** One message a write, a second apart. */
export function singleWrites(texts: readonly string[], fromSeconds: number): GoWrite[] {
  return texts.map((text, i) => ({
    seconds: fromSeconds + i,
    bytes: encodeMessage(Buffer.from(text)),
    count: 1,
  }));
}

/** The files of a topic; settings are JSON, scanners are last offsets by id. */
export function goTopic(
  name: string,
  segments: readonly GoSegment[],
  settings: object = {},
  scanners: Readonly<Record<string, number>> = {},
): GoFiles {
  const files: GoFiles = new Map([[`${name}/settings.json`, Buffer.from(JSON.stringify(settings))]]);
  for (const segment of segments) {
    const stem = `${name}/${String(segment.baseOffset).padStart(20, "0")}`;
    files.set(`${stem}.data`, Buffer.concat([header(segment), ...segment.writes.map(({ bytes }) => bytes)]));
    files.set(`${stem}.index`, index(segment.writes));
  }
  for (const [id, last] of Object.entries(scanners)) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(last));
    files.set(`${name}/readers/${id}.scanner`, bytes);
  }
  return files;
}

function header({ writes }: GoSegment): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.set([1, HEADER_BYTES]);
  bytes.writeUInt32BE(writes[0]?.seconds ?? 0, 2);
  return bytes;
}

/** With room for some more writes, as the Go NetLog makes it. */
function index(writes: readonly GoWrite[]): Buffer {
  const bytes = Buffer.alloc((writes.length + 10) * INDEX_ENTRY_BYTES);
  let relativeOffset = 1;
  let position = HEADER_BYTES;
  const put = (at: number, seconds: number): void => {
    bytes.writeUInt32BE(relativeOffset, at);
    bytes.writeUInt32BE(seconds, at + 4);
    bytes.writeBigUInt64BE(BigInt(position), at + 8);
  };
  for (const [i, write] of writes.entries()) {
    put(i * INDEX_ENTRY_BYTES, write.seconds);
    relativeOffset += write.count;
    position += write.bytes.length;
  }
  put(writes.length * INDEX_ENTRY_BYTES, 0);
  return bytes;
}
