import fc from "fast-check";
import { expect, it } from "vitest";
import { isTopicPattern, topicMatcher } from "../../../lib/base/topic-pattern.ts";
import "../../support/fixed-seed.ts";

it.each([
  ["logs", "logs"],
  ["logs-*", "logs-"],
  ["logs-*", "logs-app"],
  ["*", "anything"],
  ["*-app", "logs-app"],
  ["a*b*c", "abc"],
  ["a*b*c", "a-bb-cc-c"],
  ["*a*", "bab"],
  ["**", "x"],
])("%s stands for %s", (pattern, name) => {
  expect(topicMatcher(pattern)(name)).toBe(true);
});

it.each([
  ["logs", "log"],
  ["logs", "logs2"],
  ["logs", "LOGS"],
  ["logs-*", "logs"],
  ["logs-*", "my-logs-app"],
  ["a*a", "a"],
  ["ab*ba", "aba"],
  ["a*b*c", "acb"],
  ["logs.app", "logs-app"],
])("%s does not stand for %s", (pattern, name) => {
  expect(topicMatcher(pattern)(name)).toBe(false);
});

it("means what the same pattern means as a regular expression", () => {
  const text = fc.stringMatching(/^[ab.*]{0,8}$/);
  const name = fc.stringMatching(/^[ab.]{0,12}$/);
  fc.assert(
    fc.property(text, name, (pattern, topic) => {
      const source = pattern.replaceAll(".", "\\.").replaceAll("*", ".*");
      expect(topicMatcher(pattern)(topic)).toBe(new RegExp(`^${source}$`).test(topic));
    }),
    { numRuns: 2000 },
  );
});

it("is a name with stars in it, and no other characters", () => {
  for (const pattern of ["*", "logs-*", "a.b_c-D9*"])
    expect(isTopicPattern(pattern, 255), pattern).toBe(true);
  for (const pattern of ["", "a/b", "a b", "logs-?", "ä", "a,b", "x".repeat(256)]) {
    expect(isTopicPattern(pattern, 255), pattern).toBe(false);
  }
});
