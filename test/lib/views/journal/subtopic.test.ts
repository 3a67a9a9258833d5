/** Topics in both spellings, and which subtopics a filter is for. */
import { expect, test } from "vitest";
import { parseSubtopic, parseTopic } from "../../../../lib/views/journal/subtopic.ts";

test.each([
  ["m/d/c/ch", ""],
  ["/m/d/c/ch", ""],
  ["m/d/c/ch/", ""],
  ["m/d/c/ch/a", "a"],
  ["m/d/c/ch/a/b/", "a/b"],
  ["m/d/c/ch/%61%20", undefined],
  ["m/d/c/ch/a%2Fb", "a/b"],
  ["m/d/c/ch/%zz", undefined],
  ["m/d/c/ch/a%00b", undefined],
  ["m.d.c.ch.a%00b", undefined],
  ["m/d/c/ch/+/b/#", "+/b/#"],
  ["m/d/c/ch/#", "#"],
  ["m/d/c/ch/#/a", undefined],
  ["m/d/c/ch/a+", undefined],
  ["m/d/c/ch/a#/b", undefined],
  ["m/d/c/ch/a//b", undefined],
  ["m/d/c/ch/*", undefined],
  ["m/d/c/ch/>", undefined],
  ["m/d/c/ch/a b", undefined],
  ["m//c/ch", undefined],
  ["m/d/c//a", undefined],
  ["m/d/c/", undefined],
  ["m/d/x/ch", undefined],
  ["hc/d", undefined],
  ["m.d.c.ch", ""],
  ["m.d.c.ch.a.b", "a/b"],
  ["m.d.c.ch.*.b.>", "+/b/#"],
  ["m.d.c.ch.>.b", undefined],
  ["m.d.c.ch.a*", undefined],
  ["m.d.c", undefined],
  ["nodots", undefined],
  ["", undefined],
])("the topic %s is for the subtopic %s", (topic, subtopic) => {
  expect(parseTopic(topic)).toEqual(subtopic === undefined ? undefined : { channelId: "ch", subtopic });
});

test.each([
  ["", ""],
  ["a.b", "a/b"],
  ["a/b", "a/b"],
  ["a.*.>", "a/+/#"],
  ["a/*", undefined],
  ["/a/", "a"],
  ["a/".repeat(32), "a/".repeat(32).slice(0, -1)],
  ["a/".repeat(33), undefined],
])("the subtopic %s is %s in one spelling", (text, subtopic) => {
  expect(parseSubtopic(text)).toBe(subtopic);
});
