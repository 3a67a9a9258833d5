import { expect, test } from "vitest";
import { closest } from "../../../cmd/cli/closest.ts";

const NAMES = ["listen", "dir", "segment_age", "segment_size"];

test.each([
  ["lisen", "listen"],
  ["listne", "listen"],
  ["segmentage", "segment_age"],
  ["segment_sizes", "segment_size"],
  ["dri", undefined],
  ["dirr", "dir"],
  ["port", undefined],
  ["", undefined],
])("the name nearest to %j is %j", (typed, near) => {
  expect(closest(typed, NAMES)).toBe(near);
});
