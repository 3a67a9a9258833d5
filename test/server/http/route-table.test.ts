import { expect, it } from "vitest";
import type { Action } from "../../../server/http/door.ts";
import { RouteTable } from "../../../server/http/route-table.ts";

const ACTION: Action = {
  needs: "read",
  handle: () => Promise.resolve(undefined),
  bodyLimit: undefined,
  parameters: { names: [], ignoresOthers: false, elsewhere: [] },
};
const PATHS = ["/", "/:topic", "/:topic/payload", "/:topic/payload/:offset", "/:topic/scan", "/list/scan"];
const table = new RouteTable(PATHS.map((path) => ({ ...ACTION, path, method: "GET", head: true })));

it.each([
  [[""], "/"],
  [["t"], "/:topic"],
  [["list"], undefined],
  [["-"], "/:topic"],
  [["t", "payload"], "/:topic/payload"],
  [["t", "payload", ""], "/:topic/payload/:offset"],
  [["t", "payload", "first"], "/:topic/payload/:offset"],
  [["t", "payload", "first", ""], undefined],
  [["t", "scan"], "/:topic/scan"],
  [["list", "scan"], "/list/scan"],
  [["t", ""], undefined],
  [["", "payload"], undefined],
  [["t", "__proto__"], undefined],
])("the path of the parts %j is the route %s", (parts, path) => {
  expect(table.find(parts)?.path).toBe(path);
});

it("a route that is there as HEAD lists it in Allow", () => {
  expect(table.find(["t"])?.allow).toBe("GET, HEAD, OPTIONS");
});
