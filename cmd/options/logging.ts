/** Options of what the server logs. */

import type { OptionTable } from "../cli/option.ts";
import { parseChoice } from "../cli/option-values.ts";
import { switchOption } from "../cli/switch-option.ts";

/** NetLog's levels, and pino's word for one of them. */
const LOG_LEVELS = ["trace", "debug", "info", "warning", "error", "alert", "warn"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

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
