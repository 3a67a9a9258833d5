import { HttpLogReader } from "../../lib/views/index.ts";
import { type Command, type Context, EXIT } from "../cli/command.ts";
import { nextStopSignal } from "../cli/signals.ts";
import { UsageError } from "../cli/usage-error.ts";
import { tokenOf } from "../client/call/connection.ts";
import { LIMITS, limitsOf } from "../options/limits.ts";
import { SERVE_OPTIONS } from "../options/options.ts";
import { parseArguments, parseOptions } from "../options/parse-options.ts";
import { VIEW_NAMES, type ViewName } from "../options/views.ts";
import { type Credentials, logCredentials, readCredentials, reloadOnHangUp } from "../serve/credentials.ts";
import { openLog, type ProgramLog } from "../serve/logger.ts";
import { letHeapGrow, openFileLimit } from "../serve/process-settings.ts";
import { portOptions } from "../serve/serve.ts";
import { explainOpenError } from "../serve/start-error.ts";
import { checkStart } from "../serve/start-rules.ts";
import { VIEW_PROGRAMS } from "../views/programs.ts";
import { ViewSet } from "../views/view-set.ts";
import type { ViewCall } from "./view-call.ts";
import { VIEW_COMMAND_OPTIONS } from "./view-options.ts";
import { rebuildCommand } from "./view-rebuild.ts";
import { statusCommand } from "./view-status.ts";

export const viewCommand: Command = {
  usage: "<name>|status|rebuild <name> [flags]",
  details: [
    "With the name of a view it runs that view until SIGTERM or SIGINT: it reads the log of the server that --log\n" +
      "names, keeps its tables where --db says, and serves them on ports of its own. `netlog serve --view` runs\n" +
      "views beside the log. A view's settings are variables of the environment, or --view-set.",
    "status asks the server how its views are, and the database where no server answers. rebuild fills the tables\n" +
      "of a view anew from the log, by the server that runs it, or here where none does.",
    `Views: ${VIEW_NAMES.join(", ")}. The server's documentation has the settings of each.`,
    'With --json status prints a line {"name","ready","runner","trouble","rows","dead_letters","topics":[{"topic",\n' +
      '"id","next","lag"}]} for each view, and rebuild its progress, {"done","total"}.',
  ],
  options: VIEW_COMMAND_OPTIONS,
  async run(context) {
    const { call, operands } = callOf(context);
    const [what, name, ...more] = operands;
    if (more[0] !== undefined)
      throw new UsageError(`unexpected argument "${more[0]}"; flags begin with a dash`);
    if (what === "rebuild") return await rebuildCommand(call, requireName(name));
    if (name !== undefined) throw new UsageError(`unexpected argument "${name}"; flags begin with a dash`);
    return what === "status" ? await statusCommand(call) : await runAlone(call, requireName(what));
  },
};

/** What the arguments and the environment say. @throws UsageError. */
export function callOf(context: Context): { readonly call: ViewCall; readonly operands: readonly string[] } {
  const { options, operands, given } = parseArguments(
    VIEW_COMMAND_OPTIONS,
    context.args,
    context.environment,
  );
  const isGiven = ({ name }: { readonly name: string }): boolean => given.get(name)?.origin !== "default";
  const call: ViewCall = {
    ...context,
    options,
    token: tokenOf(options, context.environment),
    isLogGiven: isGiven(VIEW_COMMAND_OPTIONS.log),
    isLogLevelGiven: isGiven(VIEW_COMMAND_OPTIONS.logLevel) || isGiven(VIEW_COMMAND_OPTIONS.debug),
    prepare: (names, logger) =>
      ViewSet.prepare({
        names,
        options,
        given,
        environment: context.environment,
        isAlone: true,
        logger,
      }),
  };
  return { call, operands };
}

function requireName(given: string | undefined): ViewName {
  const name = VIEW_NAMES.find((each) => each === given);
  if (name !== undefined) return name;
  const found = given === undefined ? "the name of a view is missing" : `there is no view "${given}"`;
  throw new UsageError(`${found}; there are ${Object.keys(VIEW_PROGRAMS).join(", ")}`);
}

async function runAlone(call: ViewCall, name: ViewName): Promise<number> {
  const { options } = call;
  const log = await openLog(options.debug ? "trace" : options.logLevel, process.stderr.isTTY);
  try {
    return await run(call, name, log);
  } finally {
    await log.output.drain(LIMITS.logDrainMs);
  }
}

async function run(call: ViewCall, name: ViewName, { logger, output }: ProgramLog): Promise<number> {
  const { options, token, stderr, version, environment } = call;
  letHeapGrow();
  const signal = nextStopSignal();
  const reloadFor = reloadOnHangUp(options, logger, process.stderr.isTTY);
  const views = await call.prepare([name], logger);
  if (!call.isLogLevelGiven && views.logLevel !== undefined) logger.level = views.logLevel;
  const refuse = (error: unknown): number => {
    const reason = explainOpenError(error);
    if (reason === undefined) throw error;
    stderr.write(`netlog: ${reason}\n`);
    return EXIT.failed;
  };
  let credentials: Credentials;
  try {
    credentials = readCredentials(options);
  } catch (error) {
    return refuse(error);
  }
  try {
    const others = parseOptions(SERVE_OPTIONS, [], environment);
    const limits = limitsOf({ ...others, stopMs: options.stopMs }, openFileLimit());
    await views.start({
      log: new HttpLogReader(options.log, { token: () => Promise.resolve(token) }),
      ports: {
        ...portOptions(options, credentials),
        limits,
        version,
        droppedLogLines: () => output.droppedCount,
      },
      consoleUrl: new URL("-/console/", `${options.log[0]}/`).href,
      checkAddress: async (listen, isGuarded) =>
        (await checkStart({ ...options, listen, isInsecure: options.isInsecure || isGuarded })).host,
    });
  } catch (error) {
    await views.stop();
    return refuse(error);
  }
  reloadFor(views);
  logCredentials(options, credentials, logger);
  logger.info({ view: name, log: options.log }, `the view ${name} reads ${options.log.join(", ")}`);
  logger.info({ signal: await signal }, "stopping; once more ends at once");
  await views.stop();
  logger.info({}, "stopped");
  return EXIT.ok;
}
