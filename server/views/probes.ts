/** Probes of a view: whether its loop moves, and whether it is near the end of its topics. */
import type { RunningView } from "../../lib/views/index.ts";
import { type Answer, textAnswer } from "../http/answer.ts";
import type { Handler } from "../http/door.ts";
import type { Route } from "../http/route-table.ts";

interface Watched {
  readonly view: RunningView;
}

const TEXT = "text/plain; charset=utf-8";
/** Prometheus' text format. */
export const PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

/** Its loop moves, or waits as it should. */
export function tellLive({ view }: Watched): Handler {
  return (exchange) => {
    exchange.parameters().finish();
    return view.isLive ? textAnswer(TEXT, "OK") : trouble("a batch takes too long; the view is stuck");
  };
}

/** The database answers, and the view is not far behind. */
export function tellReady({ view }: Watched): Handler {
  return async (exchange) => {
    exchange.parameters().finish();
    const why = await view.troubleNow();
    return why === undefined ? textAnswer(TEXT, "OK") : trouble(why);
  };
}

function trouble(why: string): Answer {
  return { ...textAnswer(TEXT, why), status: 500 };
}

/** A page that is only read. `query` are the parameters that it takes; others are refused, or ignored. */
export function readRoute(
  path: string,
  handle: Handler,
  given: Partial<Pick<Route, "needs">> & {
    readonly query?: readonly string[];
    readonly ignoresOthers?: true;
  } = {},
): Route {
  const { needs = "nothing", query = [], ignoresOthers } = given;
  const others = ignoresOthers === true ? "always" : false;
  const parameters = { names: query, ignoresOthers: others, elsewhere: [] } as const;
  return { method: "GET", path, needs, head: true, handle, bodyLimit: undefined, parameters };
}
