/** Settings as people type them, and as they are sent: sizes with units, and nothing for what stays as it is. */
import type { TopicSettingsChange } from "../../../../lib/client/index.ts";
import { bytesText, countText } from "../figures/format.ts";
import type { SettingSpec } from "./setting-specs.ts";

/** What was typed, by the name of the setting; an empty text is the server's default. */
export type TypedSettings = Readonly<Record<string, string>>;

const SIZE = /^([0-9]+(?:\.[0-9]+)?) *(?:([kmgtp])(i)?)?b?$/i;
const POWERS = "kmgtp";

/** `64 MiB`, `64m`, `1_000`, `1.5GB` as bytes; `undefined` for what is no size. `k` is 1,024 as `Ki` is, `kB` 1,000. */
export function parseBytes(text: string): number | undefined {
  const plain = text.trim().replaceAll(/[_,]/g, "");
  const [, number, letter = "", binary] = SIZE.exec(plain) ?? [];
  if (number === undefined) return undefined;
  const power = letter === "" ? 0 : POWERS.indexOf(letter.toLowerCase()) + 1;
  const isDecimal = binary === undefined && /b$/i.test(plain);
  return Math.round(Number(number) * (isDecimal ? 1000 : 1024) ** power);
}

/** What is wrong with the text, as a sentence; `undefined` where nothing is. The server has the last word. */
export function wrongWith(spec: SettingSpec, text: string): string | undefined {
  if (text.trim() === "" || (spec.kind !== "bytes" && spec.kind !== "count")) return undefined;
  const value = numberOf(spec, text);
  if (value === undefined) {
    return spec.kind === "bytes" ? "Type a size, such as 64 MiB." : "Type a whole number.";
  }
  // Zero stands for the default.
  if (value === 0) return undefined;
  if (value < Number(spec.min ?? 0) || value > Number(spec.max ?? Number.POSITIVE_INFINITY)) {
    return `It takes ${boundsText(spec)}.`;
  }
  return undefined;
}

/** `1.0 KiB to 2.0 GiB`; empty where there are none. */
export function boundsText({ kind, min, max }: SettingSpec): string {
  const shown = (bound: string): string => {
    if (kind === "bytes") return bytesText(Number(bound));
    return kind === "count" ? countText(Number(bound)) : bound;
  };
  const isEndless = kind !== "duration" && Number(max) >= Number.MAX_SAFE_INTEGER;
  if (max === undefined || isEndless) return min === undefined ? "" : `${shown(min)} or more`;
  return min === undefined ? `up to ${shown(max)}` : `${shown(min)} to ${shown(max)}`;
}

/** The default as people read it. */
export function defaultText(spec: SettingSpec): string {
  const { kind, choices } = spec;
  if (spec.default === undefined)
    return kind === "choice" ? (choices[0]?.word === "yes" ? "no" : "") : "none";
  if (kind === "bytes") return spec.default === "0" ? "no limit" : bytesText(Number(spec.default));
  if (kind === "choice") return choices.find(({ value }) => value === spec.default)?.word ?? spec.default;
  return spec.default;
}

/** What is sent: what differs from `before`, which is nothing when a topic is created. */
export function settingsToSend(
  specs: readonly SettingSpec[],
  typed: TypedSettings,
  before: TypedSettings = {},
): TopicSettingsChange {
  const changed = specs.filter(({ name }) => (typed[name] ?? "").trim() !== (before[name] ?? "").trim());
  return Object.fromEntries(
    changed.map((spec) => [spec.name, sentValue(spec, (typed[spec.name] ?? "").trim())]),
  );
}

function sentValue(spec: SettingSpec, text: string): string | number {
  const isNumber = spec.isNumber || spec.kind === "bytes" || spec.kind === "count";
  if (text === "") return isNumber ? 0 : "";
  if (spec.kind === "choice" && spec.isNumber) return Number(text);
  return isNumber ? (numberOf(spec, text) ?? text) : text;
}

function numberOf({ kind }: SettingSpec, text: string): number | undefined {
  if (kind === "bytes") return parseBytes(text);
  const plain = text.trim().replaceAll(/[_,]/g, "");
  return /^[0-9]+$/.test(plain) ? Number(plain) : undefined;
}

/** Settings of a topic as they are typed. */
export function typedSettings(settings: Readonly<Record<string, unknown>>): TypedSettings {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      value === null || value === undefined ? "" : String(value),
    ]),
  );
}
