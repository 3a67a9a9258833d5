/** Whether the tracker works: the probes of both ports. */
import { isDatabaseError } from "../../../lib/views/index.ts";
import { type Answer, emptyAnswer, textAnswer } from "../../http/answer.ts";
import type { Handler } from "../../http/door.ts";
import type { Tracker } from "./tracker.ts";

const TEXT = "text/plain; charset=utf-8";

/** The database answers: OK, or 500 without a body, as upstream has it. */
export function tellHealth({ reads }: Tracker): Handler {
  return async (exchange) => {
    exchange.parameters().finish();
    try {
      await reads.query("SELECT 1");
      return textAnswer(TEXT, "OK");
    } catch (error) {
      if (isDatabaseError(error)) return emptyAnswer(500);
      throw error;
    }
  };
}

/** Its loop moves, or waits as it should. */
export function tellLive({ view }: Tracker): Handler {
  return (exchange) => {
    exchange.parameters().finish();
    return view.isLive ? textAnswer(TEXT, "OK") : trouble("a batch takes too long; the view is stuck");
  };
}

/** The database answers, and the view is not far behind. */
export function tellReady({ view }: Tracker): Handler {
  return async (exchange) => {
    exchange.parameters().finish();
    const why = await view.troubleNow();
    return why === undefined ? textAnswer(TEXT, "OK") : trouble(why);
  };
}

function trouble(why: string): Answer {
  return { ...textAnswer(TEXT, why), status: 500 };
}
