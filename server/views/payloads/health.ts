/** Whether the database of the tracker answers. The other probes are those of every view. */
import { isDatabaseError } from "../../../lib/views/index.ts";
import { emptyAnswer, textAnswer } from "../../http/answer.ts";
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
