/** Options that are on or off, and need no value; `--json` among them. */
import type { Option } from "./option.ts";
import { parseSwitch } from "./option-values.ts";

export function switchOption(name: string, description: string): Option<boolean> {
  return {
    name,
    kind: "switch",
    placeholder: "",
    description,
    allowed: "true or false",
    fallback: "false",
    parse: parseSwitch,
  };
}

/** `--json`, for commands whose results a script may want. */
export const JSON_OPTION: Option<boolean> = switchOption("json", "Print results as JSON, a line each");
