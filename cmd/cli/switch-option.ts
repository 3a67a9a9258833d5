/** An option that is on or off, and needs no value. */
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
