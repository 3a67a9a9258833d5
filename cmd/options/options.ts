/**
 * Every option of `netlog serve`, once: flags, environment names, keys of the configuration file, checks, help and the
 * table in server/README.md all come from here. The files of this folder have the options by theme.
 */
import type { GivenOptions, OptionTable } from "../cli/option.ts";
import { ACCESS_OPTIONS, type AccessOptions } from "./access.ts";
import { ENGINE_OPTIONS, type EngineOptions, engineConflict } from "./engine.ts";
import { LIMIT_OPTIONS, type LimitOptions, limitConflict } from "./limits.ts";
import { LISTENING_OPTIONS, type ListeningOptions } from "./listening.ts";
import { LOGGING_OPTIONS, type LoggingOptions } from "./logging.ts";
import { TOPIC_OPTIONS, type TopicOptions } from "./topics.ts";
import { VIEW_OPTIONS, type ViewOptions } from "./views.ts";

export interface ServeOptions
  extends ListeningOptions,
    AccessOptions,
    LoggingOptions,
    TopicOptions,
    EngineOptions,
    ViewOptions,
    LimitOptions {
  /** Path of the configuration file; empty for none. */
  readonly config: string;
}

/** Says which options contradict each other; `given` says where their values come from. */
export function optionConflict(options: ServeOptions, given: GivenOptions): string | undefined {
  return limitConflict(options) ?? engineConflict(options, given);
}

export const SERVE_OPTIONS: OptionTable<ServeOptions> = {
  config: {
    name: "config",
    kind: "value",
    placeholder: "<file>",
    description: "File that sets options, as TOML, or as JSON where its name ends in .json",
    allowed: "the path of a file",
    fallback: "",
    parse: (text) => text,
  },
  ...LISTENING_OPTIONS,
  ...ACCESS_OPTIONS,
  ...TOPIC_OPTIONS,
  ...ENGINE_OPTIONS,
  ...VIEW_OPTIONS,
  ...LOGGING_OPTIONS,
  ...LIMIT_OPTIONS,
};
