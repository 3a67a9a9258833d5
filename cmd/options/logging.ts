/** Options of what the server logs. */

import type { OptionTable } from "../cli/option.ts";
import { parseChoice } from "../cli/option-values.ts";
import { switchOption } from "../cli/switch-option.ts";
import { LOG_LEVELS, type LogLevel } from "../serve/logger.ts";

export interface LoggingOptions {
  readonly logLevel: LogLevel;
  readonly debug: boolean;
}

export const LOGGING_OPTIONS: OptionTable<LoggingOptions> = {
  logLevel: {
    name: "loglevel",
    kind: "value",
    placeholder: "<level>",
    description: "Least level to log: trace, debug, info, warning, error or alert",
    allowed: `one of ${LOG_LEVELS.join(", ")}`,
    fallback: "info",
    parse: (text) => parseChoice(text, LOG_LEVELS),
  },
  debug: switchOption("debug", "Log everything, as `--loglevel trace` does"),
};
