/** `netlog view rebuild`: by the server that runs the view, or here where none does. */
import { resolve } from "node:path";
import { type Netlog, nodeDisk, silentLogger } from "../../lib/index.ts";
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
import { watchStopSignals } from "../cli/signals.ts";
import { LIMITS } from "../options/limits.ts";
import { SERVE_OPTIONS } from "../options/options.ts";
import { parseOptions } from "../options/parse-options.ts";
import type { ViewName } from "../options/views.ts";
import { openNetlog } from "../serve/serve.ts";
import { explainOpenError } from "../serve/start-error.ts";
import { embeddedFolder } from "../views/open-database.ts";
import type { ViewCall } from "./view-call.ts";
import { askServer, ServerRefusal, viewsOf } from "./view-server.ts";

const MESSAGES = { format: (amount: number) => amount.toLocaleString("en"), noun: " messages" };

export async function rebuildCommand(call: ViewCall, name: ViewName): Promise<number> {
  const { stderr, stdout, options } = call;
  const bar = new ProgressBar(stderr, name);
  let total = 0;
  const show = (progress: RebuildProgress): void => {
    total = progress.total;
    if (options.json) stdout.write(`${JSON.stringify(progress)}\n`);
    else bar.update(progress.done, progress.total, "", MESSAGES);
  };
  try {
    const views = await viewsOf(call);
    if (views?.some((view) => view.name === name) === true) await rebuildThere(call, name, show);
    else await rebuildHere(call, name, views !== undefined, show);
  } catch (error) {
    bar.clear();
    const reason = explainRebuildError(error);
    if (reason === undefined) throw error;
    stderr.write(`netlog: ${reason}\n`);
    return EXIT.failed;
  }
  bar.clear();
  if (!options.json) stdout.write(`${name} is rebuilt from ${counted(total, "message")}\n`);
  return EXIT.ok;
}

/** `undefined`: a defect. */
function explainRebuildError(error: unknown): string | undefined {
  if (error instanceof ServerRefusal || error instanceof ViewStopped) return error.message;
  const unchanged = "nothing is changed; try again when it answers";
  if (isDatabaseError(error)) return `the database cannot be used (${error.message}); ${unchanged}`;
  if (error instanceof LogUnavailable) return `the log cannot be read (${error.message}); ${unchanged}`;
  if (error instanceof LogRefusal) return `the log refuses to be read (${error.message}); nothing is changed`;
  return explainOpenError(error);
}

async function rebuildThere(
  call: ViewCall,
  name: string,
  show: (progress: RebuildProgress) => void,
): Promise<void> {
  const query = call.options.forgetsOlder ? "?forget_older=true" : "";
  const response = await askServer(call, "POST", `/-/views/${name}/rebuild${query}`);
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of response?.body ?? []) {
    const lines = (rest + decoder.decode(piece as Uint8Array, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") continue;
      const told = JSON.parse(line) as Partial<RebuildProgress> & { ok?: boolean; reason?: string };
      if (told.ok === true) return;
      if (told.ok === false) throw new ServerRefusal(told.reason ?? "the rebuild failed");
      if (told.done !== undefined && told.total !== undefined) show({ done: told.done, total: told.total });
    }
  }
  throw new ServerRefusal("the answer broke off: netlog view status tells how the view is");
}

/** The log of the server, or where none answers that of the data folder. */
async function rebuildHere(
  call: ViewCall,
  name: ViewName,
  hasServer: boolean,
  onProgress: (progress: RebuildProgress) => void,
): Promise<void> {
  const { options, token, environment, prepare } = call;
  const { forgetsOlder } = options;
  const stop = watchStopSignals();
  let netlog: Netlog | undefined;
  const views = await prepare([name], silentLogger);
  try {
    let log: LogReader;
    if (hasServer) {
      log = new HttpLogReader(options.log, { token: () => Promise.resolve(token) });
    } else {
      const serve = { ...parseOptions(SERVE_OPTIONS, [], environment), dir: options.dir };
      netlog = await openNetlog(serve, LIMITS, resolve(options.dir), silentLogger);
      log = new LocalLogReader(netlog);
    }
    try {
      await views.open(log);
    } catch (error) {
      if (!(error instanceof DamagedDatabaseError)) throw error;
      await EmbeddedDatabase.remove(nodeDisk, embeddedFolder(options));
      await views.open(log);
    }
    await views.rebuild(name, { forgetsOlder, onProgress, signal: stop.signal });
  } finally {
    stop.end();
    await views.stop();
    await netlog?.close();
  }
}
