/** `netlog view status`: by the server, or by the database where no server answers. */
import { silentLogger } from "../../lib/index.ts";
import { HttpLogReader } from "../../lib/views/index.ts";
import { EXIT } from "../cli/command.ts";
import { counted } from "../cli/figures.ts";
import { VIEW_NAMES, type ViewName } from "../options/views.ts";
import { explainOpenError } from "../serve/start-error.ts";
import type { ViewCall } from "./view-call.ts";
import { ServerAway, ServerRefusal, type ShownView, viewsOf } from "./view-server.ts";

export async function statusCommand(call: ViewCall): Promise<number> {
  const { options, stdout, stderr } = call;
  try {
    const views = await viewsOf(call).catch((error: unknown) => {
      if (!(error instanceof ServerAway)) throw error;
      return statusHere(call, error.message);
    });
    if (views === undefined) {
      stderr.write(
        `netlog: no server answers at ${options.log[0]}, and there is no database here; --log names the server, and --db the database\n`,
      );
      return EXIT.unavailable;
    }
    for (const view of views) stdout.write(options.json ? `${JSON.stringify(view)}\n` : textOf(view));
    if (views.length === 0) stderr.write(`netlog: the server at ${options.log[0]} runs no views\n`);
    return views.every(({ ready }) => ready) ? EXIT.ok : EXIT.failed;
  } catch (error) {
    const reason = error instanceof ServerRefusal ? error.message : explainOpenError(error);
    if (reason === undefined) throw error;
    stderr.write(`netlog: ${reason}\n`);
    return EXIT.failed;
  }
}

/** `undefined`: there is nothing here. The lag is not known without the log. */
async function statusHere(
  { options, token, prepare }: ViewCall,
  why: string,
): Promise<readonly ShownView[] | undefined> {
  const all = await prepare(VIEW_NAMES, silentLogger);
  const names: ViewName[] = [];
  for (const name of VIEW_NAMES) if (await all.hasDatabase(name)) names.push(name);
  if (names.length === 0) return undefined;
  const views = await prepare(names, silentLogger);
  try {
    await views.open(new HttpLogReader(options.log, { token: () => Promise.resolve(token) }));
    return (await views.status()).map(({ name, rows, deadLetters, topics, trouble }) => ({
      name,
      ready: false,
      runner: false,
      // Nothing runs here, so that only a database which does not answer is news.
      trouble: rows === undefined && trouble !== undefined ? `${why}, and ${trouble}` : why,
      rows,
      dead_letters: deadLetters,
      topics: topics.map(({ topic, topicId: id, next, lagMessages: lag }) => ({ topic, id, next, lag })),
    }));
  } finally {
    await views.stop();
  }
}

function textOf({ name, ready, runner, trouble, rows, dead_letters: dead, topics }: ShownView): string {
  const state = ready
    ? runner
      ? "ready"
      : "ready, serves reads alone"
    : `not ready: ${trouble ?? "unknown"}`;
  const counts = `${countedOrNone(rows, "row")}, ${countedOrNone(dead, "dead letter")}`;
  const places = topics.map(({ topic, next, lag }) => {
    const where = next === undefined ? "not begun" : `next ${next}`;
    return `  ${topic}: ${where}, lag ${lag ?? "unknown"}\n`;
  });
  return `${name}: ${counts}, ${state}\n${places.join("")}`;
}

function countedOrNone(count: number | undefined, noun: string): string {
  return count === undefined ? `${noun}s unknown` : counted(count, noun);
}
