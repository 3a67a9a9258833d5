/** The message store as a program: its settings, its view, and its port. */
import { createMessagesView, MessageStore } from "../../../lib/views/messages/index.ts";
import type { PreparedView, Surface, SurfaceContext, ViewProgram } from "../view-program.ts";
import { startCleaning } from "./cleaning.ts";
import { storeService } from "./service.ts";
import { DATABASE_VARIABLES, readSettings, type StoreSettings, VARIABLES } from "./settings.ts";

export const messagesProgram: ViewProgram = {
  name: "messages",
  summary: "CloudEvents by their ids, kept for a time, over gRPC: the message store",
  variables: VARIABLES,
  databaseVariables: DATABASE_VARIABLES,
  prepare(given): PreparedView {
    const settings = readSettings(given);
    return {
      logLevel: settings.logLevel,
      createView: () => createMessagesView(settings),
      listen: (context) => listen(settings, context),
    };
  },
};

async function listen(settings: StoreSettings, context: SurfaceContext): Promise<Surface> {
  const { view, runtime, logger, openGrpcPort } = context;
  const { host, port, topic, retentionMs, cleanIntervalMs, answerBytes } = settings;
  const store = new MessageStore({ view, topic, retentionMs, runtime });
  const open = await openGrpcPort({
    name: "gRPC",
    host,
    port,
    ...storeService({ store, topic, answerBytes }),
    isReady: async () => {
      const trouble = await view.troubleNow();
      if (trouble !== undefined) throw new Error(trouble);
      // The first start makes the tables.
      await store.hasOlderThan(0);
    },
  });
  const stopCleaning =
    cleanIntervalMs === 0
      ? undefined
      : startCleaning({ store, view, retentionMs, intervalMs: cleanIntervalMs, logger, runtime });
  return {
    ports: [open],
    stop: async () => {
      stopCleaning?.();
      await open.stop();
    },
  };
}
