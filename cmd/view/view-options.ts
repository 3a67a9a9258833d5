/** The options of `netlog view`: where the log is and where the tables are; the others are those of the server. */

import type { Option, OptionTable } from "../cli/option.ts";
import { parseList } from "../cli/option-values.ts";
import { JSON_OPTION, switchOption } from "../cli/switch-option.ts";
import { CONNECTION_OPTIONS } from "../client/call/connection.ts";
import { SERVE_OPTIONS, type ServeOptions } from "../options/options.ts";
import type { ViewOptions } from "../options/views.ts";

type Shared = Pick<
  ServeOptions,
  | "config"
  | "dir"
  | "logLevel"
  | "debug"
  | "tokenFile"
  | "areMetricsOpen"
  | "isInsecure"
  | "tlsCert"
  | "tlsKey"
  | "trustedProxies"
  | "allowedHosts"
  | "corsOrigins"
  | "stopMs"
> &
  Omit<ViewOptions, "views">;

export interface ViewCommandOptions extends Shared {
  /** URLs of the server whose log is read, or of several that have the same one. At least one. */
  readonly log: readonly [string, ...string[]];
  readonly tokenFrom: string | null;
  readonly forgetsOlder: boolean;
  readonly setsDatabaseAside: boolean;
  readonly json: boolean;
}

export const VIEW_COMMAND_OPTIONS: OptionTable<ViewCommandOptions> = {
  config: SERVE_OPTIONS.config,
  log: {
    ...CONNECTION_OPTIONS.server,
    name: "log",
    description: "URL of the server whose log is read; those of several servers of one engine, with commas",
    parse(text) {
      const [first, ...others] = parseList(text, CONNECTION_OPTIONS.server.parse) ?? [];
      return first === undefined ? undefined : [first, ...others];
    },
  },
  tokenFrom: CONNECTION_OPTIONS.tokenFrom as Option<string | null>,
  db: SERVE_OPTIONS.db,
  dir: { ...SERVE_OPTIONS.dir, description: "Data folder, in which PGlite has its own" },
  viewsDir: SERVE_OPTIONS.viewsDir,
  viewFrom: SERVE_OPTIONS.viewFrom,
  skipsRefused: SERVE_OPTIONS.skipsRefused,
  viewSettings: SERVE_OPTIONS.viewSettings,
  journalAuth: SERVE_OPTIONS.journalAuth,
  jwksUrl: SERVE_OPTIONS.jwksUrl,
  jwtIssuer: SERVE_OPTIONS.jwtIssuer,
  jwtAudience: SERVE_OPTIONS.jwtAudience,
  messagesListen: SERVE_OPTIONS.messagesListen,
  forgetsOlder: switchOption(
    "forget_older",
    "Rebuild also where rows are lost whose messages the log has no more",
  ),
  setsDatabaseAside: switchOption(
    "set_aside_database",
    "Rebuild with a new PGlite database where the old one does not open; its files are kept",
  ),
  allowedHosts: SERVE_OPTIONS.allowedHosts,
  corsOrigins: SERVE_OPTIONS.corsOrigins,
  tokenFile: SERVE_OPTIONS.tokenFile,
  areMetricsOpen: SERVE_OPTIONS.areMetricsOpen,
  isInsecure: SERVE_OPTIONS.isInsecure,
  tlsCert: SERVE_OPTIONS.tlsCert,
  tlsKey: SERVE_OPTIONS.tlsKey,
  trustedProxies: SERVE_OPTIONS.trustedProxies,
  stopMs: SERVE_OPTIONS.stopMs,
  logLevel: SERVE_OPTIONS.logLevel,
  debug: SERVE_OPTIONS.debug,
  json: JSON_OPTION,
};
