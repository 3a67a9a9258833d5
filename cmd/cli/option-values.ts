/** How the values of options are read. Each function gives `undefined` for a text that is not allowed. */
import { durationMs, formatDuration, isNetlogError, parseDuration } from "../../lib/values.ts";

/** Where to listen. An empty host is every address of the machine. Port 0 is any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Node's timers hold no longer delay. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** Begins "takes …" of options that are durations. */
export const DURATION: string = "a duration such as 30day, 1h30m or 200ms";

const MAX_PORT = 65_535;
const SWITCH_VALUES: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "true", "yes", "on"].map((text) => [text, true] as const),
  ...["0", "f", "false", "no", "off"].map((text) => [text, false] as const),
]);

/** `:7200`, `127.0.0.1:7200`, `[::1]:7200`, `localhost:7200`. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, bracketed, plain = "", digits] =
    /^(?:\[([0-9a-f:.%a-z]+)\]|([^\s:[\]/]*)):(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > MAX_PORT) return undefined;
  return { host: bracketed ?? plain, port };
}

/** As it is printed: `127.0.0.1:7200`, `[::1]:7200`, `:7200`. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

export function parseInteger(text: string, min: number, max: number): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

export function parseSwitch(text: string): boolean | undefined {
  return SWITCH_VALUES.get(text.toLowerCase());
}

/** A duration in ms. */
export function parseDurationMs(text: string, minMs: number, maxMs: number): number | undefined {
  try {
    const ms = durationMs(parseDuration(text));
    return ms >= minMs && ms <= maxMs ? ms : undefined;
  } catch (error) {
    if (isNetlogError(error, "invalid_duration")) return undefined;
    throw error;
  }
}

/** As durations are typed: `30s`, `10m`. */
export function formatMs(ms: number): string {
  return formatDuration({ years: 0, months: 0, days: 0, ms }).replace(/(?<=[hm])(?:0m)?0s$/, "");
}

/** One of `choices`, in upper or lower case. */
export function parseChoice<Choice extends string>(
  text: string,
  choices: readonly Choice[],
): Choice | undefined {
  return choices.find((choice) => choice === text.toLowerCase());
}

/** Comma-separated parts, each read by `parsePart`; no part is no value. */
export function parseList<Part>(
  text: string,
  parsePart: (text: string) => Part | undefined,
): readonly Part[] | undefined {
  const parts: Part[] = [];
  for (const piece of text.split(",").map((untrimmed) => untrimmed.trim())) {
    if (piece === "") continue;
    const part = parsePart(piece);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts;
}

/** A host name or address, as it stands in a `Host` header without its port. Lower case. */
export function parseHostName(text: string): string | undefined {
  return /^(?:[a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\])$/i.test(text) ? text.toLowerCase() : undefined;
}

/** An origin as browsers send it: scheme, host, and port where it is not the scheme's own. */
export function parseOrigin(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#@\s]+$/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}
