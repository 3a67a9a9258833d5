/** Each example in the client's docstrings and its README runs, against a server, and says what comes out. */
import { describe, expect, it, test } from "vitest";
import { FileCursor } from "../../../lib/client/events/file-store.ts";
import * as identity from "../../../lib/client/events/identity.ts";
import * as events from "../../../lib/client/events/index.ts";
import * as platform from "../../../lib/client/events/platform.ts";
import * as client from "../../../lib/client/index.ts";
import { ReadableTopic } from "../../../lib/client/readable-topic.ts";
import { within } from "../../support/deadline.ts";
import { codeBlocks, projectText, section, tableRows } from "../../support/project-files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { clientForTest } from "./client-fixture.ts";
import { clientSources, compileExamples, docstringExamples, type Example, runExample } from "./examples.ts";

const README = "lib/client/README.md";
const examples = clientSources().flatMap(docstringExamples);
const inReadmes: Example[] = [README, "README.md"].flatMap((path) =>
  codeBlocks(projectText(path), "ts").map((code, index) => ({
    place: `${path}, block ${index}`,
    subject: "",
    code,
  })),
);

/** Classes that users hold in their hands. */
const CLASSES = [
  client.NetlogClient,
  client.Topic,
  ReadableTopic,
  client.Scanner,
  client.Message,
  client.Delivery,
  events.EventPublisher,
  events.EventSubscriber,
  events.MemoryCursor,
  events.ServerCursor,
  FileCursor,
];

describe("the examples", () => {
  it.each([...examples, ...inReadmes])("$place runs", async (example) => {
    const { client: netlog, topic, server } = await clientForTest();
    class Local extends client.NetlogClient {
      constructor(_url: string, options: client.NetlogClientOptions = {}) {
        super(server.url, options);
      }
    }
    const exported = { ...client, ...events, ...platform, ...identity, FileCursor, NetlogClient: Local };
    const scope = { ...exported, netlog, topic, folder: temporaryFolder() };
    await within(example.place, runExample(example, scope));
  });
});

test("the examples are strict TypeScript", () => {
  const entries = {
    "netlog/client": { path: "lib/client/index.ts", names: Object.keys(client) },
    "netlog/client/events": {
      path: "lib/client/events/index.ts",
      names: [...Object.keys(events), "NewEvent"],
    },
    "netlog/client/events/platform": {
      path: "lib/client/events/platform.ts",
      names: Object.keys(platform),
    },
  };
  const nodeEntries = {
    ...entries,
    "netlog/client/events/file-store": { path: "lib/client/events/file-store.ts", names: ["FileCursor"] },
    "netlog/client/events/identity": {
      path: "lib/client/events/identity.ts",
      names: Object.keys(identity),
    },
  };
  const ambient = [
    'import type { NetlogClient as Client, Topic as T } from "netlog/client";',
    "declare const netlog: Client;",
    "declare const topic: T;",
  ].join("\n");
  // These need Node's types, which pages do not have.
  const isForNode = ({ code }: Example): boolean => /FileCursor|events\/identity/.test(code);
  const all = [...examples, ...inReadmes];
  const forPages = all.filter((example) => !isForNode(example));
  expect(compileExamples(forPages, entries, ambient)).toBe("");
  const nodeAmbient = `${ambient}\ndeclare const folder: string;`;
  expect(compileExamples(all.filter(isForNode), nodeEntries, nodeAmbient, ["node"])).toBe("");
});

test("each public method has an example", () => {
  const subjects = examples.map(({ place, subject }) => [place.split(":")[0] ?? "", subject] as const);
  const missing = CLASSES.flatMap((each) => {
    const methods = Object.entries<PropertyDescriptor>(Object.getOwnPropertyDescriptors(each.prototype))
      .filter(([name, { value }]) => name !== "constructor" && typeof value === "function")
      .map(([name]) => name);
    const file = clientSources().find((path) =>
      new RegExp(`export class ${each.name}[ <]`).test(projectText(path)),
    );
    const isShown = (name: string): boolean =>
      subjects.some(
        ([place, subject]) => place === file && new RegExp(`^(async )?${name}[(<]`).test(subject),
      );
    return methods.filter((name) => !isShown(name)).map((name) => `${each.name}.${name}`);
  });
  expect(missing).toEqual([]);
  for (const name of [
    "isNetlogClientError",
    "NetlogClientError",
    "NetlogClient",
    "EventPublisher",
    "FileCursor",
  ]) {
    expect(
      subjects.some(([, subject]) => subject.includes(name)),
      name,
    ).toBe(true);
  }
});

test("the README names only what is there", () => {
  const rows = tableRows(projectText(README).split("## Following")[0] ?? "");
  expect(rows.length).toBeGreaterThan(4);
  const methods = CLASSES.flatMap((each) => Object.getOwnPropertyNames(each.prototype));
  for (const [, calls = ""] of rows) {
    const named = [...calls.matchAll(/`(?:\w+\.)?(\w+)`/g)].map(([, name = ""]) => name);
    expect(methods).toEqual(expect.arrayContaining(named));
  }
  const codes = section(projectText(README), "What is tried again");
  for (const code of client.CLIENT_ERROR_CODES) expect(codes).toContain(`\`${code}\``);
});

test("the README has the ten operations of a platform, and the fields of their actions", () => {
  const rows = tableRows(projectText(README).split("### Events of a platform")[1] ?? "");
  expect(rows).toHaveLength(10);
  const filled = { id: "t", group_id: "g", profile_id: "p", name: "n", metadata: "{}", config: "{}" };
  for (const [operation = "", listed = ""] of rows) {
    const full = platform.decodePlatformEvent({ operation, thing_ids: "t", ...filled }).action;
    const bare = platform.decodePlatformEvent({ operation }).action;
    const fields = Object.keys(full).map((field) => `${field}${field in bare ? "" : "?"}`);
    expect(listed.replaceAll("`", ""), operation).toBe(fields.join(", "));
  }
});
