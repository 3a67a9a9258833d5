/** Views of this process: how they are, and a rebuild of one. What a view is, the log does not know. */
import { NetlogError } from "../../lib/index.ts";
import { type Answer, jsonAnswer, type Outlet, type StreamAnswer, streamAnswer } from "../http/answer.ts";
import type { ViewRebuild, ViewStatus, Views } from "../http/context.ts";
import type { Exchange } from "../http/exchange.ts";
import { json } from "../openapi/bodies.ts";
import type { Json, Operation } from "../openapi/operation.ts";
import { text } from "../openapi/parts.ts";
import { HttpError } from "../wire/errors.ts";
import { quoteSafely } from "../wire/quote.ts";

const NDJSON = "application/x-ndjson";
const count: Json = { type: "integer", minimum: 0 };

const VIEW: Json = {
  type: "object",
  properties: {
    name: text,
    url: { ...text, description: "Its pages for browsers" },
    ready: { type: "boolean" },
    runner: { type: "boolean" },
    trouble: text,
    rows: count,
    dead_letters: count,
    topics: {
      type: "array",
      items: { type: "object", properties: { topic: text, id: text, next: count, lag: count } },
    },
  },
};

export const LIST_VIEWS: Operation = {
  handle: listViews,
  id: "listViews",
  tag: "server",
  summary: "Lists the views of this process: place, lag, rows, dead letters",
  success: { "200": json("Views, as far as one may read their topics", { type: "array", items: VIEW }) },
  errors: [],
};

async function listViews(exchange: Exchange): Promise<Answer> {
  exchange.parameters().finish();
  const { views } = exchange.context;
  const all = views === undefined ? [] : await views.status();
  const { grant } = exchange;
  const isShown = ({ topics }: ViewStatus): boolean => topics.every(({ topic }) => grant.may("read", topic));
  return jsonAnswer(200, all.filter(isShown).map(shown));
}

function shown({ name, url, topics, rows, deadLetters, isRunner, isReady, trouble }: ViewStatus): object {
  return {
    name,
    url,
    ready: isReady,
    runner: isRunner,
    ...(trouble === undefined ? {} : { trouble }),
    rows,
    dead_letters: deadLetters,
    topics: topics.map(({ topic, topicId: id, next, lagMessages: lag }) => ({ topic, id, next, lag })),
  };
}

export const REBUILD_VIEW: Operation = {
  handle: rebuildView,
  id: "rebuildView",
  tag: "server",
  summary: "Fills the tables of a view anew from the log, while reads go on",
  description:
    "Each line is an object: `done` and `total` are messages; the last one has `ok`, and `reason` where it failed.",
  query: ["forget_older", "skip_refused"],
  success: { "200": { description: "Progress, until it is done", content: { [NDJSON]: {} } } },
  errors: ["resource_busy", "topic_unavailable"],
};

/** A rebuild that ends at once with an error is an error; later the stream says so. */
async function rebuildView(exchange: Exchange): Promise<StreamAnswer> {
  const { context, target } = exchange;
  const name = target.parts[2] ?? "";
  const views = requireView(context.views, name);
  const parameters = exchange.parameters();
  const forgetsOlder = parameters.flag("forget_older");
  const skipsRefused = parameters.flag("skip_refused");
  parameters.finish();
  const lines = new Lines();
  const controller = new AbortController();
  exchange.request.onClose(() => controller.abort(new Error("the client has left")));
  const onProgress: ViewRebuild["onProgress"] = (progress) => lines.add(progress);
  const done = views
    .rebuild(name, { forgetsOlder, skipsRefused, onProgress, signal: controller.signal })
    .then(() => ({ ok: true }));
  const begun = await Promise.race([
    lines.first.then(() => true),
    done.then(
      () => true,
      () => false,
    ),
  ]);
  if (!begun) await done.catch((error: unknown) => Promise.reject(translate(error)));
  const last = done.catch((error: unknown) => {
    if (translate(error) !== error) return { ok: false, reason: (error as Error).message };
    context.logger.error({ err: error, id: exchange.id, view: name }, "a rebuild failed");
    return { ok: false, reason: "the rebuild failed; the server's log says why" };
  });
  return streamAnswer(
    NDJSON,
    (outlet) => lines.writeTo(outlet, last),
    () => "\n",
    [],
  );
}

function requireView(views: Views | undefined, name: string): Views {
  if (views?.names.includes(name) === true) return views;
  const names = views?.names.join(", ") ?? "";
  const others = names === "" ? "this server runs none; start it with --view" : `there are ${names}`;
  throw new HttpError("not_found", { reason: `there is no view ${quoteSafely(name)}; ${others}` });
}

/** Errors of views, by their names: their classes are loaded with the views alone. Any other error is a defect. */
const REFUSALS: Readonly<Record<string, "resource_busy" | "topic_unavailable">> = {
  ViewStopped: "resource_busy",
  LogRefusal: "resource_busy",
  DatabaseError: "topic_unavailable",
  LogUnavailable: "topic_unavailable",
};

function translate(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = REFUSALS[error.name];
  return code === undefined ? error : new NetlogError(code, { reason: error.message });
}

/** The newest progress waits for the reader; what it is too slow for is left out. */
class Lines {
  readonly first: Promise<void>;
  #wake: () => void = () => {};
  #newest: object | undefined;

  constructor() {
    this.first = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  add(line: object): void {
    this.#newest = line;
    this.#wake();
  }

  async writeTo(outlet: Outlet, last: Promise<object>): Promise<void> {
    let end: object | undefined;
    void last.then((line) => {
      end = line;
      this.#wake();
    });
    for (;;) {
      const line = this.#newest;
      this.#newest = undefined;
      if (line !== undefined && !(await outlet.write(`${JSON.stringify(line)}\n`))) return;
      if (this.#newest !== undefined) continue;
      if (end !== undefined) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    await outlet.write(`${JSON.stringify(end)}\n`);
    outlet.end();
  }
}
