/** The journal as a program: its settings, its view, and its port. */
import { type Logger, nodeRuntime, silentLogger } from "../../../lib/index.ts";
import { createJournalView, type JournalOptions, LIMITS } from "../../../lib/views/journal/index.ts";
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
    let logger = silentLogger;
    const hear = listener(metrics, () => logger);
    return {
      logLevel: settings.logLevel,
      createView(use) {
        const options = { ...settings, elapsedMs: nodeRuntime.elapsedMs };
        return createJournalView(use === "rebuild" ? options : { ...options, ...hear });
      },
      listen: async (context) => {
        logger = context.logger;
        return await listen(given, settings, metrics, context);
      },
    };
  },
};

type Listener = Required<Pick<JournalOptions, "noteBatch" | "noteTelemetry" | "noteUnlisted">>;

/** Counts what the view does, and logs what it leaves out. It warns of a channel once. */
function listener(metrics: JournalMetrics, logger: () => Logger): Listener {
  const known = new Set<string>();
  return {
    noteBatch: (messageCount, elapsedMs) => metrics.noteBatch(messageCount, elapsedMs),
    noteTelemetry(notes) {
      metrics.noteTelemetry(notes);
      if (notes.uncounted.size > 0) {
        const uncounted = Object.fromEntries(notes.uncounted);
        logger().debug({ uncounted }, "events about telemetry count for nothing");
      }
      const channels = [...notes.fullChannels].filter((channel) => !known.has(channel));
      for (const channel of channels) known.add(channel);
      if (channels.length > 0) {
        logger().warn({ channels }, "channels have as many subscriptions as they may: more do not count");
      }
    },
    noteUnlisted({ topic, offset, eventCount, idCount }) {
      metrics.noteUnlisted(idCount);
      const most = `events name more than ${LIMITS.entities} entities: they are not found under the others`;
      logger().warn({ topic, offset, events: eventCount, ids: idCount }, most);
    },
  };
}

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
