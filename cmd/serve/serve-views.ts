/** The views of `netlog serve`. Nothing of views is loaded where none runs. */
import type { Logger, Netlog } from "../../lib/index.ts";
import type { Views } from "../../server/index.ts";
import type { Context } from "../cli/command.ts";
import { SERVE_OPTIONS, type ServeOptions } from "../options/options.ts";
import { parseArguments } from "../options/parse-options.ts";
import type { PortSurroundings } from "../views/view-set.ts";
import type { Reloaded } from "./credentials.ts";
import { checkStart } from "./start-rules.ts";

/** What serve does with its views. */
export interface ServedViews extends Views, Required<Reloaded> {
  /** @throws UsageError; DataFolderError; ViewStartError. */
  begin(netlog: Netlog, ports: PortSurroundings, consoleUrl: string | undefined): Promise<void>;
  stop(): Promise<void>;
}

/** Reads the settings of the views that are asked for; `undefined`: there are none. @throws UsageError. */
export async function prepareViews(
  options: ServeOptions,
  { args, environment }: Context,
  logger: Logger,
): Promise<ServedViews | undefined> {
  if (options.views.length === 0) return undefined;
  const [{ ViewSet }, { LocalLogReader }] = await Promise.all([
    import("../views/view-set.ts"),
    import("../../lib/views/index.ts"),
  ]);
  const { given } = parseArguments(SERVE_OPTIONS, args, environment);
  const names = [...new Set(options.views)];
  const set = await ViewSet.prepare({ names, options, given, environment, isAlone: false, logger });
  return {
    names: set.names,
    figures: () => set.figures(),
    status: () => set.status(),
    rebuild: (name, request) => set.rebuild(name, request),
    replaceTokens: (tokens) => set.replaceTokens(tokens),
    replaceCertificate: (certificate) => set.replaceCertificate(certificate),
    rereadOwnCertificates: () => set.rereadOwnCertificates(),
    begin: (netlog, ports, consoleUrl) =>
      set.start({
        log: new LocalLogReader(netlog),
        ports,
        consoleUrl,
        checkAddress: async (listen, isGuarded) => {
          const isInsecure = options.isInsecure || isGuarded;
          return (await checkStart({ ...options, listen, isInsecure, grpcListen: "off" })).host;
        },
      }),
    stop: () => set.stop(),
  };
}
