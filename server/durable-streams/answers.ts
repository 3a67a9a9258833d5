/** Headers that answers of this door have in common. */
import type { Topic } from "../../lib/index.ts";
import { type Answer, emptyAnswer, NO_SNIFF, NO_STORE } from "../http/answer.ts";
import { formatMessagePlace, formatPlace, type Place } from "./place.ts";
import { typeOf } from "./stream-type.ts";

export const CLOSED: readonly string[] = ["Stream-Closed", "true"];
export const UP_TO_DATE: readonly string[] = ["Stream-Up-To-Date", "true"];

/** Where reading goes on. */
export function nextOffset(place: Place): string[] {
  return ["Stream-Next-Offset", formatPlace(place)];
}

/** The end of what can be read; closed streams say so. */
export function tailHeaders(topic: Topic): string[] {
  const headers = ["Stream-Next-Offset", formatMessagePlace(topic.readableEnd)];
  if (topic.isClosed) headers.push(...CLOSED);
  return headers;
}

/** An answer without a body that tells of a stream. */
export function streamAnswerOf(topic: Topic, status: number, more: readonly string[]): Answer {
  return emptyAnswer(status, ["Content-Type", typeOf(topic), ...more]);
}

/** As an answer to HEAD, whose length nobody knows. */
export function headAnswer(topic: Topic, more: readonly string[]): Answer {
  const headers = [...NO_SNIFF, ...NO_STORE, "Content-Type", typeOf(topic), ...more];
  return { kind: "plain", status: 200, headers, body: "" };
}
