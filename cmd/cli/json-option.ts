/** `--json`, for commands whose results a script may want. */
import type { Option } from "./option.ts";
import { switchOption } from "./switch-option.ts";

export const JSON_OPTION: Option<boolean> = switchOption("json", "Tell results as JSON, a line each");
