/** What the three forms of `netlog view` are called with. */
import type { Logger } from "../../lib/index.ts";
import type { Context } from "../cli/command.ts";
import type { ViewName } from "../options/views.ts";
import type { ViewSet } from "../views/view-set.ts";
import type { ViewCommandOptions } from "./view-options.ts";

export interface ViewCall extends Context {
  readonly options: ViewCommandOptions;
  readonly token: string | undefined;
  /** --log was given, by a flag, the environment or the file. */
  readonly isLogGiven: boolean;
  /** --loglevel or --debug was given, by a flag, the environment or the file. */
  readonly isLogLevelGiven: boolean;
  /** Opens the views of these names, as far as their settings go. @throws UsageError. */
  prepare(names: readonly ViewName[], logger: Logger): Promise<ViewSet>;
}
