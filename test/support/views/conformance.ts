/** The suite that every view passes, on {PGlite, PostgreSQL} × {in process, over HTTP}. */
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { allCases } from "./cases.ts";
import { DATABASES, type TestDatabase } from "./databases.ts";
import { serverCases } from "./server-cases.ts";
import type { ViewSubject } from "./subject.ts";
import { type OpenReader, READERS } from "./view-setup.ts";

export function describeView(name: string, subject: ViewSubject): void {
  for (const target of DATABASES) {
    describe.skipIf(target.isMissing)(`${name} on ${target.name}`, () => {
      let opened: TestDatabase;
      beforeAll(async () => {
        opened = await target.open();
      });
      afterEach(() => opened.clear());
      afterAll(() => opened.close());
      describe.each(Object.keys(READERS))("%s", (reader) => {
        const openReader = READERS[reader] as OpenReader;
        allCases(subject, () => opened, openReader);
        if (target.isServer) serverCases(subject, () => opened, openReader);
      });
    });
  }
}
