/**
 * `GET` with `live=sse`: an event with data for each piece of the stream, and behind each a control event that says where
 * reading goes on. It ends when the stream is closed and all of it was given, or when its time is over; its reader
 * comes back then.
 */
import type { Topic } from "../../lib/index.ts";
import { NO_SNIFF, type Outlet, type StreamAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { errorCode } from "../wire/errors.ts";
import { Events, type EventsStart, type Rendered } from "./events.ts";
import { isText } from "./stream-type.ts";

/** How a stream ends that did all it could. */
const PROPER_ENDS: ReadonlySet<string> = new Set(["topic_not_found", "shutting_down"]);
const HEARTBEAT = ":\n\n";

/** @throws what reading the first piece throws: later the stream is cut. */
export async function streamEvents(
  exchange: Exchange,
  topic: Topic,
  start: EventsStart,
): Promise<StreamAnswer> {
  const events = new Events(exchange, topic, start);
  const first = await events.read();
  return {
    kind: "stream",
    status: 200,
    headers: headersOf(topic),
    heartbeat: () => (events.isWithinEvent ? undefined : HEARTBEAT),
    stream: (outlet) => run(events, first, outlet),
  };
}

function headersOf(topic: Topic): string[] {
  const headers = [
    ...NO_SNIFF,
    "Cache-Control",
    "no-cache",
    "Content-Type",
    "text/event-stream",
    "X-Accel-Buffering",
    "no",
  ];
  if (!isText(topic)) headers.push("Stream-SSE-Data-Encoding", "base64");
  return headers;
}

async function run(events: Events, first: Rendered, outlet: Outlet): Promise<void> {
  try {
    let rendered: Rendered | undefined = first;
    while (rendered !== undefined) {
      if (!(await events.write(rendered, outlet))) return;
      if (rendered.isClosed || outlet.isStopping) break;
      rendered = await events.next(outlet);
    }
    outlet.end();
  } catch (error) {
    const code = errorCode(error);
    if (code === "unknown_error") throw error;
    if (PROPER_ENDS.has(code)) outlet.end();
    else outlet.cut();
  } finally {
    events.close();
  }
}
