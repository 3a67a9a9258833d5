/** Each example in the client's docstrings runs, against a server, and says what comes out. */
import { describe, expect, it, test } from "vitest";
import * as exported from "../../lib/client/index.ts";
import { within } from "../support/deadline.ts";
import { clientForTest } from "./client-fixture.ts";
import { clientSources, docstringExamples, runExample } from "./examples.ts";

const examples = clientSources().flatMap(docstringExamples);

/** Methods that users call, a docstring each. */
const CLASSES = [
  exported.NetlogClient,
  exported.Topic,
  exported.Scanner,
  exported.Message,
  exported.Delivery,
];

describe("the examples in the docstrings", () => {
  it.each(examples.map((example) => ({ ...example })))("$place runs", async (example) => {
    const { client: netlog, topic, server } = await clientForTest();
    class Local extends exported.NetlogClient {
      constructor(_url: string, options: exported.NetlogClientOptions = {}) {
        super(server.url, options);
      }
    }
    const scope = { ...exported, NetlogClient: Local, netlog, topic };
    await within(example.place, runExample(example, scope), 20_000);
  });
});

test("each public method has an example", () => {
  const subjects = examples.map(({ subject }) => subject);
  const missing = CLASSES.flatMap((each) =>
    Object.entries<PropertyDescriptor>(Object.getOwnPropertyDescriptors(each.prototype))
      .filter(([name, { value }]) => name !== "constructor" && typeof value === "function")
      .filter(([name]) => !subjects.some((subject) => new RegExp(`^(async )?${name}[(<]`).test(subject)))
      .map(([name]) => `${each.name}.${name}`),
  );
  expect(missing).toEqual([]);
  for (const name of ["isNetlogClientError", "NetlogClientError", "NetlogClient"]) {
    expect(
      subjects.some((subject) => subject.includes(name)),
      name,
    ).toBe(true);
  }
});
