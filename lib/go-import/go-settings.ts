/** The settings of a topic of the Go NetLog in the words they have here; what was allowed there and is not here is bent. */
import { isNetlogError } from "../base/errors.ts";
import { JsonError, parseJson } from "../base/json.ts";
import type { Disk } from "../disk/disk.ts";
import { hasCode } from "../disk/disk-error.ts";
import type { FileFinding } from "../log/index.ts";
import type { Limits } from "../storage/limits.ts";
import { DEFAULT_SETTINGS, type TopicSettings } from "../topic/setting-table.ts";
import { resolveSettings } from "../topic/settings.ts";

export const GO_SETTINGS_NAME = "settings.json";
/** Those of the Go NetLog, which has no others. */
const FIELDS = [
  "segment_age",
  "segment_size",
  "batch_num_messages",
  "batch_interval",
  "compression_type",
] as const;

export interface GoSettings {
  readonly settings: TopicSettings;
  readonly findings: readonly FileFinding[];
}

/** Settings that cannot be read are the defaults, and a finding. @throws what the disk throws, but not ENOENT. */
export async function readGoSettings(disk: Disk, folder: string, limits: Limits): Promise<GoSettings> {
  const file = `${folder}/${GO_SETTINGS_NAME}`;
  let bytes: Buffer;
  try {
    bytes = await disk.readFile(file);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return unreadable(file, "there are no settings");
  }
  try {
    const given = parseJson(bytes, limits.jsonDepth);
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
      return unreadable(file, "the settings are no JSON object");
    }
    return takeOver(file, given as Record<string, unknown>, limits);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return unreadable(file, `the settings are ${error.message}`);
  }
}

function unreadable(file: string, trouble: string): GoSettings {
  const message = `${trouble}; the topic gets the defaults`;
  return { settings: DEFAULT_SETTINGS, findings: [{ kind: "damage", file, message }] };
}

function takeOver(file: string, given: Readonly<Record<string, unknown>>, limits: Limits): GoSettings {
  const taken: Record<string, unknown> = {};
  const findings: FileFinding[] = [];
  for (const field of FIELDS.filter((name) => Object.hasOwn(given, name))) {
    const value = given[field];
    const trouble = troubleOf(field, value, limits);
    const allowed = trouble === undefined ? value : nearest(field, value, limits);
    if (allowed !== undefined) taken[field] = allowed;
    if (trouble === undefined) continue;
    const bent = resolveSettings(taken, DEFAULT_SETTINGS, limits)[field];
    const message = `${trouble}; the topic gets ${JSON.stringify(bent)}`;
    findings.push({ kind: "note", file, message });
  }
  return { settings: resolveSettings(taken, DEFAULT_SETTINGS, limits), findings };
}

function troubleOf(field: string, value: unknown, limits: Limits): string | undefined {
  try {
    resolveSettings({ [field]: value }, DEFAULT_SETTINGS, limits);
    return undefined;
  } catch (error) {
    if (!isNetlogError(error)) throw error;
    return error.reason ?? error.message;
  }
}

/** What comes nearest to a value that is not allowed; `undefined`, and so the default, where nothing does. */
function nearest(field: (typeof FIELDS)[number], value: unknown, limits: Limits): unknown {
  if (typeof value !== "number") return undefined;
  if (field === "segment_size") {
    // Less than none meant that segments never end.
    const wanted = value < 0 ? Number.POSITIVE_INFINITY : value;
    return Math.round(Math.min(Math.max(wanted, limits.segmentSizeMinBytes), limits.segmentSizeMaxBytes));
  }
  if (field !== "batch_num_messages") return undefined;
  return Math.round(Math.min(Math.max(value, 1), limits.batchMessages));
}
