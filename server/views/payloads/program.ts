/** The payload tracker as a program: its settings, its view, and its two ports. */
import { nodeRuntime } from "../../../lib/index.ts";
import { createPayloadsView } from "../../../lib/views/payloads/index.ts";
import type { OpenPort, PreparedView, Surface, SurfaceContext, ViewProgram } from "../view-program.ts";
import { createApiDoor, createMetricsDoor } from "./doors.ts";
import { TrackerMetrics } from "./metrics.ts";
import { PAGES_PATH } from "./pages.ts";
import {
  DATABASE_VARIABLES,
  logLevelOf,
  rateOf,
  readSettings,
  type TrackerSettings,
  VARIABLES,
} from "./settings.ts";
import { type Tracker, timed } from "./tracker.ts";

export const payloadsProgram: ViewProgram = {
  name: "payloads",
  summary: "where payloads are, how long each service took, and what failed: the payload tracker",
  variables: VARIABLES,
  databaseVariables: DATABASE_VARIABLES,
  prepare(given): PreparedView {
    const settings = readSettings(given);
    const metrics = new TrackerMetrics();
    return {
      logLevel: logLevelOf(given),
      createView(use) {
        const options = { ...settings, elapsedMs: nodeRuntime.elapsedMs };
        if (use === "rebuild") return createPayloadsView(options);
        return createPayloadsView({
          ...options,
          noteBatch: (messageCount, elapsedMs) => metrics.noteBatch(messageCount, elapsedMs),
        });
      },
      listen: (context) => listen(settings, metrics, context),
    };
  },
};

async function listen(
  settings: TrackerSettings,
  metrics: TrackerMetrics,
  context: SurfaceContext,
): Promise<Surface> {
  const { view, runtime, version, consoleUrl, openPort } = context;
  metrics.watch(() => view.figures());
  const tracker: Tracker = {
    view,
    settings,
    metrics,
    runtime,
    version,
    consoleUrl,
    reads: timed(view.reads, metrics, runtime),
  };
  const { host, port, metricsPort } = settings;
  const api = await openPort({
    name: "api",
    host,
    port,
    door: createApiDoor(tracker),
    rate: rateOf(settings),
  });
  let probes: OpenPort;
  try {
    probes = await openPort({ name: "metrics", host, port: metricsPort, door: createMetricsDoor(tracker) });
  } catch (error) {
    await api.stop();
    throw error;
  }
  const ports = [api, probes];
  return {
    ports,
    pagesUrl: `${api.url}${PAGES_PATH}/`,
    stop: async () => {
      await Promise.all(ports.map((each) => each.stop()));
    },
  };
}
