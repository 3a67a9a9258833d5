/** How commands that speak to a server declare their flags: read from the command line alone, absent unless given. */
import type { Offset } from "../../../lib/client/index.ts";
import { type Option, splitRepeated } from "../../cli/option.ts";
import {
  DURATION,
  MAX_TIMER_MS,
  parseChoice,
  parseDurationMs,
  parseInteger,
} from "../../cli/option-values.ts";
import { switchOption } from "../../cli/switch-option.ts";

/** `null`: the flag was not given. */
export type Optional<Value> = Value | null;

interface ValueFlag<Value> {
  readonly name: string;
  readonly placeholder: string;
  readonly description: string;
  readonly allowed: string;
  readonly fallback?: string;
  readonly kind?: Option<Value>["kind"];
  readonly parse: (text: string) => Value | undefined;
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
  readonly fallback?: string;
}

export function valueFlag<Value>(flag: ValueFlag<Value>): Option<Value> {
  return { kind: "value", fallback: "", variable: false, ...flag };
}

/** Any text but none. */
export function textFlag(
  name: string,
  placeholder: string,
  description: string,
  allowed: string,
): Option<Optional<string>> {
  return valueFlag({ name, placeholder, description, allowed, parse: (text) => (text === "" ? null : text) });
}

/** Each value that was given, in order, empty ones too. */
export function repeatedFlag(
  name: string,
  placeholder: string,
  description: string,
  allowed: string,
): Option<readonly string[]> {
  return {
    ...valueFlag({ name, placeholder, description, allowed, parse: splitRepeated }),
    kind: "repeated",
  };
}

export function switchFlag(name: string, description: string): Option<boolean> {
  return { ...switchOption(name, description), variable: false };
}

export function countFlag(
  name: string,
  description: string,
  { min = 1, max = Number.MAX_SAFE_INTEGER, fallback = "" }: Bounds = {},
): Option<Optional<number>> {
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  return valueFlag({
    name,
    kind: "number",
    placeholder: "<count>",
    description,
    allowed: `a whole number ${range}`,
    fallback,
    parse: (text) => (text === "" ? null : parseInteger(text, min, max)),
  });
}

/** In ms. */
export function durationFlag(
  name: string,
  description: string,
  { min = 0, fallback = "" }: Bounds = {},
): Option<Optional<number>> {
  return valueFlag({
    name,
    placeholder: "<duration>",
    description,
    allowed: DURATION,
    fallback,
    parse: (text) => (text === "" ? null : parseDurationMs(text, min, MAX_TIMER_MS)),
  });
}

export function choiceFlag<Choice extends string>(
  name: string,
  description: string,
  choices: readonly Choice[],
): Option<Optional<Choice>> {
  return valueFlag({
    name,
    placeholder: `<${choices.join("|")}>`,
    description,
    allowed: `one of ${choices.join(", ")}`,
    parse: (text) => (text === "" ? null : parseChoice(text, choices)),
  });
}

/** A place in a topic: a number, or one of the server's spellings; the server refuses what is neither. */
export function offsetFlag(name: string, description: string): Option<Optional<Offset>> {
  return valueFlag({
    name,
    placeholder: "<offset>",
    description,
    allowed: "an offset, beginning, last, end, a duration such as 1h, or an RFC 3339 time",
    parse: (text) => (text === "" ? null : (parseInteger(text, 0, Number.MAX_SAFE_INTEGER) ?? text)),
  });
}
