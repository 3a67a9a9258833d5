/** A second door, for programs that run no engine: durations, JSON, limits, settings and frames, which load at once. */

export { durationMs, formatDuration, parseDuration } from "./base/duration.ts";
export { editDistance } from "./base/edit-distance.ts";
export { isNetlogError } from "./base/errors.ts";
export { JsonError, parseJson } from "./base/json.ts";
export { BaseCaps } from "./base/limits.ts";
export {
  computeEntryCrc,
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  frameEndOffset,
} from "./log/frame.ts";
export { LARGEST_BYTES } from "./message/limits.ts";
export { SETTING_NAMES, SETTINGS, type SettingName } from "./topic/setting-table.ts";
