/**
 * The settings of a topic on the disk, in two copies with a checksum each, so that one damaged file costs nothing. The
 * newer sound copy counts. A copy is text, for people too: the settings as the API shows them, and a line that vouches
 * for everything before the checksum in it.
 *
 * ```
 * {"segment_age":"30day", … ,"retention_size":0}
 * {"sequence":7,"crc32":2640930232}
 * ```
 *
 * A `settings.json` that is the first line alone counts before any copy: earlier versions wrote it like that, and people
 * may. The next opening gives it its second line.
 */
import { crc32 } from "../base/checksum.ts";
import { isNetlogError } from "../base/errors.ts";
import { JsonError, parseJson } from "../base/json.ts";
import type { Disk } from "../disk/disk.ts";
import type { TopicSettings } from "../topic/setting-table.ts";
import { resolveSettings } from "../topic/settings.ts";
import type { Limits } from "./limits.ts";
import { type Copy, DamagedCopy, readCopies } from "./two-copies.ts";

/** In the order in which they are written. */
export const SETTINGS_NAMES: readonly string[] = ["settings.json", "settings.copy.json"];

const SEALED = /^([^\n]*\n\{"sequence":(\d+),"crc32":)(\d+)\}\n$/;

type SoundSettings =
  | {
      readonly status: "sealed";
      readonly settings: TopicSettings;
      /** Counts the changes of them. */
      readonly sequence: number;
      readonly bytes: Buffer;
    }
  | { readonly status: "plain"; readonly settings: TopicSettings; readonly bytes: Buffer };

/** What one of the files holds. */
export type SettingsCopy = Copy<SoundSettings>;

/** Settings, and which change of them it is. */
export interface NumberedSettings {
  readonly settings: TopicSettings;
  readonly sequence: number;
}

/** Both copies, in the order of SETTINGS_NAMES; what they leave out is the server's default. */
export function readSettingsCopies(
  disk: Disk,
  folder: string,
  defaults: TopicSettings,
  limits: Limits,
): Promise<SettingsCopy[]> {
  return readCopies(SETTINGS_NAMES, async (name) =>
    decode(await disk.readFile(`${folder}/${name}`), defaults, limits),
  );
}

/** What counts; `undefined` when neither copy is sound. */
export function newestSettings(copies: readonly SettingsCopy[]): NumberedSettings | undefined {
  const sealed = copies.filter((copy) => copy.status === "sealed");
  const newest = sealed.toSorted((a, b) => b.sequence - a.sequence)[0];
  const plain = copies.find((copy) => copy.status === "plain");
  if (plain === undefined || (plain !== copies[0] && newest !== undefined)) return newest;
  return { settings: plain.settings, sequence: (newest?.sequence ?? 0) + 1 };
}

export function encodeSettings({ settings, sequence }: NumberedSettings): Buffer {
  const covered = `${JSON.stringify(settings)}\n{"sequence":${sequence},"crc32":`;
  return Buffer.from(`${covered}${crc32(Buffer.from(covered))}}\n`);
}

function decode(bytes: Buffer, defaults: TopicSettings, limits: Limits): SoundSettings {
  const [, covered, sequence, checksum] = SEALED.exec(bytes.toString("latin1")) ?? [];
  if (covered === undefined) return { status: "plain", settings: parse(bytes, defaults, limits), bytes };
  if (crc32(Buffer.from(covered, "latin1")) !== Number(checksum)) {
    throw new DamagedCopy("does not have its checksum");
  }
  const settings = parse(covered.split("\n", 1)[0]!, defaults, limits);
  return { status: "sealed", settings, sequence: Number(sequence), bytes };
}

function parse(text: string | Buffer, defaults: TopicSettings, limits: Limits): TopicSettings {
  try {
    return resolveSettings(parseJson(text, limits.jsonDepth), defaults, limits);
  } catch (cause) {
    if (cause instanceof JsonError) throw new DamagedCopy(`is ${cause.message}`, { cause });
    if (!isNetlogError(cause)) throw cause;
    throw new DamagedCopy(`is not valid: ${cause.reason ?? ""}`, { cause });
  }
}
