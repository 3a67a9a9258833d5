/** A second door, for programs that run no engine: durations, JSON, limits and names alone, which load at once. */

export { durationMs, formatDuration, parseDuration } from "./duration.ts";
export { editDistance } from "./edit-distance.ts";
export { isNetlogError } from "./errors.ts";
export { JsonError, parseJson } from "./json.ts";
export { LIMIT_RANGES } from "./limits.ts";
