/** The journal as a program: its settings, its view, and its port. */
import { nodeRuntime } from "../../../lib/index.ts";
import { createJournalView } from "../../../lib/views/journal/index.ts";
import type { PreparedView, Surface, SurfaceContext, ViewProgram, ViewSettings } from "../view-program.ts";
import { type Authenticator, openAccess, tokenAccess } from "./access.ts";
import { createJournalDoor } from "./door.ts";
import { jwtAccess } from "./jwt-access.ts";
import { KeySet } from "./key-set.ts";
import { JournalMetrics } from "./metrics.ts";
import { PAGES_PATH } from "./pages.ts";
import {
  DATABASE_VARIABLES,
  type JournalSettings,
  readSettings,
  VARIABLES,
  withoutTokenFile,
} from "./settings.ts";

export const journalProgram: ViewProgram = {
  name: "journal",
  summary: "who did what on a platform, and what each client sent and got: the journal",
  variables: VARIABLES,
  databaseVariables: DATABASE_VARIABLES,
  prepare(given): PreparedView {
    const settings = readSettings(given);
    const metrics = new JournalMetrics();
    let noteFullChannels = (_channels: ReadonlySet<string>): void => {};
    return {
      logLevel: settings.logLevel,
      createView(use) {
        const options = { ...settings, elapsedMs: nodeRuntime.elapsedMs };
        if (use === "rebuild") return createJournalView(options);
        return createJournalView({
          ...options,
          noteBatch: (messageCount, elapsedMs) => metrics.noteBatch(messageCount, elapsedMs),
          noteTelemetry: (notes) => {
            metrics.noteTelemetry(notes);
            if (notes.fullChannels.size > 0) noteFullChannels(notes.fullChannels);
          },
        });
      },
      listen: async (context) => {
        const known = new Set<string>();
        noteFullChannels = (channels) => {
          const news = [...channels].filter((channel) => !known.has(channel));
          for (const channel of news) known.add(channel);
          if (news.length === 0) return;
          context.logger.warn(
            { channels: news },
            "channels have as many subscriptions as they may: more do not count",
          );
        };
        return await listen(given, settings, metrics, context);
      },
    };
  },
};

async function listen(
  given: ViewSettings,
  settings: JournalSettings,
  metrics: JournalMetrics,
  context: SurfaceContext,
): Promise<Surface> {
  const { view, runtime, version, consoleUrl, hasTokens, openPort } = context;
  const { access, host, port, tls, limits, instanceId } = settings;
  if (access.mode === "tokens" && !hasTokens) throw withoutTokenFile(given);
  metrics.watch(() => view.figures());
  const door = createJournalDoor({
    view,
    access: authenticatorOf(settings, context),
    metrics,
    runtime,
    version,
    instanceId: instanceId === "" ? runtime.randomId() : instanceId,
    consoleUrl,
  });
  const open = await openPort({
    name: "api",
    host,
    port,
    door,
    tls,
    limits,
    isLocal: access.mode === "none",
    isGuarded: access.mode === "jwks",
  });
  return { ports: [open], pagesUrl: `${open.url}${PAGES_PATH}/`, stop: () => open.stop() };
}

function authenticatorOf({ access }: JournalSettings, { logger, runtime }: SurfaceContext): Authenticator {
  switch (access.mode) {
    case "none":
      return openAccess;
    case "tokens":
      return tokenAccess;
    case "jwks": {
      const keys = new KeySet({ url: access.url, logger, runtime });
      return jwtAccess(access, keys.find, runtime);
    }
  }
}
