/**
 * The suite that every view passes, on {PGlite, PostgreSQL} × {in process, over HTTP}. The runtime passes it on all four;
 * a view whose decode and apply know neither may pass it on each database and each way of reading once.
 */
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { allCases } from "./cases.ts";
import { DATABASES, type TestDatabase } from "./databases.ts";
import { serverCases } from "./server-cases.ts";
import type { ViewSubject } from "./subject.ts";
import { READERS } from "./view-setup.ts";

/** PGlite begins anew behind each break, which takes a second or two: all steps are tried once, with the runtime's own view. */
const PGLITE_STRIDE = 4;

export function describeView(name: string, subject: ViewSubject, pairs: "all" | "each once" = "all"): void {
  for (const target of DATABASES) {
    describe.skipIf(target.isMissing)(`${name} on ${target.name}`, () => {
      let opened: TestDatabase;
      beforeAll(async () => {
        opened = await target.open();
      });
      afterEach(() => opened.clear());
      afterAll(() => opened.close());
      const readers = Object.keys(READERS) as (keyof typeof READERS)[];
      const chosen: typeof readers =
        pairs === "all" ? readers : [target.isServer ? "over HTTP" : "in process"];
      describe.each(chosen)("%s", (reader) => {
        const openReader = READERS[reader];
        const takesAll = target.isServer || (pairs === "all" && reader === "in process");
        allCases(subject, () => opened, openReader, takesAll ? 1 : PGLITE_STRIDE);
        if (target.isServer) serverCases(subject, () => opened, openReader);
      });
    });
  }
}
