import type { Option } from "./option.ts";
import { parseSwitch } from "./option-values.ts";

/** For commands whose results a script may want. */
export const JSON_OPTION: Option<boolean> = {
  name: "json",
  kind: "switch",
  placeholder: "",
  description: "Tell results as JSON, a line each",
  allowed: "true or false",
  fallback: "false",
  parse: parseSwitch,
};
