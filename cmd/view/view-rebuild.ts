/** `netlog view rebuild`: by the server that runs the view, or here where none does. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Netlog, nodeDisk, nodeRuntime, silentLogger } from "../../lib/index.ts";
import {
  DamagedDatabaseError,
  EmbeddedDatabase,
  HttpLogReader,
  isDatabaseError,
  LocalLogReader,
  type LogReader,
  LogRefusal,
  LogUnavailable,
  type RebuildProgress,
  ViewStopped,
} from "../../lib/views/index.ts";
import { EXIT } from "../cli/command.ts";
import { counted } from "../cli/figures.ts";
import { ProgressBar } from "../cli/progress-bar.ts";
import { statusOf, watchStopSignals } from "../cli/signals.ts";
import { LIMITS } from "../options/limits.ts";
import { SERVE_OPTIONS } from "../options/options.ts";
import { parseOptions } from "../options/parse-options.ts";
import { VIEW_NAMES, type ViewName } from "../options/views.ts";
import { openNetlog } from "../serve/open-topics.ts";
import { explainOpenError } from "../serve/start-error.ts";
import { embeddedFolder } from "../views/open-database.ts";
import type { ViewSet } from "../views/view-set.ts";
import type { ViewCall } from "./view-call.ts";
import { askServer, ServerAway, ServerRefusal, viewsOf } from "./view-server.ts";

const MESSAGES = { format: (amount: number) => amount.toLocaleString("en"), noun: " messages" };
const UNCHANGED = "nothing is changed";

export async function rebuildCommand(call: ViewCall, name: ViewName): Promise<number> {
  const { stderr, stdout, options } = call;
  const bar = new ProgressBar(stderr, name);
  let total = 0;
  const show = (progress: RebuildProgress): void => {
    total = progress.total;
    if (options.json) stdout.write(`${JSON.stringify(progress)}\n`);
    else bar.update(progress.done, progress.total, "", MESSAGES);
  };
  const stop = watchStopSignals();
  try {
    const runner = await findRunner(call, name);
    if (runner === "server") await rebuildThere(call, name, show, stop.signal);
    else await rebuildHere(call, name, runner === "nothing", show, stop.signal);
  } catch (error) {
    bar.clear();
    if (stop.received !== undefined) return statusOf(stop.received);
    const reason = explainRebuildError(error);
    if (reason === undefined) throw error;
    stderr.write(`netlog: ${reason}\n`);
    return error instanceof ServerAway ? EXIT.unavailable : EXIT.failed;
  } finally {
    stop.end();
  }
  bar.clear();
  if (!options.json) stdout.write(`${name} is rebuilt from ${counted(total, "message")}\n`);
  return EXIT.ok;
}

/** `undefined`: a defect. */
function explainRebuildError(error: unknown): string | undefined {
  if (error instanceof ServerAway) {
    const advice = "start it, or mend --log; without --log and NETLOG_URL the log in --dir is read";
    return `${error.message}; ${UNCHANGED}; ${advice}`;
  }
  if (error instanceof ServerRefusal || error instanceof ViewStopped) return error.message;
  const unchanged = `${UNCHANGED}; try again when it answers`;
  if (isDatabaseError(error)) return `the database cannot be used (${error.message}); ${unchanged}`;
  if (error instanceof LogUnavailable) return `the log cannot be read (${error.message}); ${unchanged}`;
  if (error instanceof LogRefusal) return `the log refuses to be read (${error.message}); ${UNCHANGED}`;
  return explainOpenError(error);
}

/** What runs: the server, and with it the view; a server without the view; no server. @throws ServerRefusal; ServerAway. */
async function findRunner(call: ViewCall, name: ViewName): Promise<"server" | "others" | "nothing"> {
  try {
    return (await viewsOf(call)).some((view) => view.name === name) ? "server" : "others";
  } catch (error) {
    if (error instanceof ServerAway && error.isNone) return "nothing";
    throw error;
  }
}

async function rebuildThere(
  call: ViewCall,
  name: string,
  show: (progress: RebuildProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const { options, stderr } = call;
  const flags = new URLSearchParams();
  if (options.forgetsOlder) flags.set("forget_older", "true");
  if (options.skipsRefused) flags.set("skip_refused", "true");
  const response = await askServer(call, "POST", `/-/views/${name}/rebuild?${flags}`, signal);
  stderr.write(`${name} is rebuilt by the server at ${options.log[0]}\n`);
  for await (const line of linesOf(response)) {
    const { ok, reason, done, total } = JSON.parse(line) as Partial<RebuildProgress> & RebuildEnd;
    if (ok === true) return;
    if (ok === false) throw new ServerRefusal(reason ?? "the rebuild failed");
    if (done !== undefined && total !== undefined) show({ done, total });
  }
  throw new ServerRefusal("the answer broke off: netlog view status says how the view is");
}

interface RebuildEnd {
  readonly ok?: boolean;
  readonly reason?: string;
}

/** Whole lines, up to where the answer ends or breaks off. */
async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const piece of response.body ?? []) {
      const lines = (rest + decoder.decode(piece as Uint8Array, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      yield* lines.filter((line) => line !== "");
    }
  } catch (error) {
    // Node says so of a connection that breaks.
    if (!(error instanceof TypeError)) throw error;
  }
}

async function rebuildHere(
  call: ViewCall,
  name: ViewName,
  isOffline: boolean,
  onProgress: (progress: RebuildProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const { options, token, prepare, stderr } = call;
  const views = await prepare([name], silentLogger);
  let netlog: Netlog | undefined;
  try {
    let log: LogReader;
    if (isOffline) {
      netlog = await openFolder(call);
      log = new LocalLogReader(netlog);
    } else {
      log = new HttpLogReader(options.log, { token: () => Promise.resolve(token) });
    }
    const where = isOffline ? `in ${resolve(options.dir)}` : `of the server at ${options.log[0]}`;
    stderr.write(`${name} is rebuilt from the log ${where}\n`);
    await openDatabase(call, views, name, log);
    const { forgetsOlder, skipsRefused } = options;
    await views.rebuild(name, { forgetsOlder, skipsRefused, onProgress, signal });
  } finally {
    await views.stop();
    await netlog?.close();
  }
}

/** The log of the data folder. @throws DataFolderError; ViewStopped: there is no such folder. */
async function openFolder({ options, environment }: ViewCall): Promise<Netlog> {
  const folder = resolve(options.dir);
  if (!existsSync(folder)) {
    const advice = "--log names the server whose log is read, and --dir a data folder";
    throw new ViewStopped(
      `no server answers at ${options.log[0]}, and there is no data folder ${folder}; ${advice}`,
    );
  }
  const serve = { ...parseOptions(SERVE_OPTIONS, [], environment), dir: options.dir };
  return await openNetlog(serve, LIMITS, folder, silentLogger);
}

/** Makes a new database where the old one does not open and the options allow it; the old one's files stay. */
async function openDatabase(
  { options, stderr }: ViewCall,
  views: ViewSet,
  name: ViewName,
  log: LogReader,
): Promise<void> {
  try {
    await views.open(log);
  } catch (error) {
    if (!(error instanceof DamagedDatabaseError && options.setsDatabaseAside)) throw error;
    const aside = await EmbeddedDatabase.setAside(nodeDisk, embeddedFolder(options), nodeRuntime.now());
    const others = VIEW_NAMES.filter((each) => each !== name).join(", ");
    const rest = `it may hold the tables of ${others} as well: netlog view rebuild makes those anew, too`;
    stderr.write(`the database that does not open is kept in ${aside}; ${rest}\n`);
    await views.open(log);
  }
}
