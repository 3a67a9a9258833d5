/** The client as those have it who install the package: its entries, and their types. */
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const USE = `
import { isNetlogClientError, type Message, NetlogClient } from "netlog/client";
import { EventPublisher, EventSubscriber, type CursorStore } from "netlog/client/events";
import { FileCursor } from "netlog/client/events/file-store";
import { currentIdentity, withIdentity } from "netlog/client/events/identity";
import { type PlatformEvent, platformEvents, type StoredPlatformEvent } from "netlog/client/events/platform";

const client: NetlogClient = new NetlogClient("http://netlog.invalid", { retry: false });
const store: CursorStore = new FileCursor("cursor.json");
new EventSubscriber(client, { topic: "t", name: "n", handlers: {}, store });
new EventPublisher(client, "t").stats().queued satisfies number;
const format = platformEvents({ actingUser: currentIdentity });
export const tell = (event: PlatformEvent, events = new EventPublisher(client, "t", { format })): void =>
  withIdentity({ id: "u-1", email: "ann@example.com" }, () => events.publish(event));
export const subscriber = new EventSubscriber(client, {
  topic: "t",
  name: "n",
  format,
  handlers: { "group.remove": (event: StoredPlatformEvent<"group.remove">) => console.log(event.action.thingIds) },
});
const error: unknown = await client.topics().catch((error: unknown) => error);
if (isNetlogClientError(error, "unreachable")) console.log(error.code);
export const read = async (): Promise<Message> => await client.topic("t").read("last");
`;

function project(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(PROJECT_ROOT.replace(/\/$/, ""), join(folder, "node_modules/netlog"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(join(folder, "use.ts"), USE);
  return folder;
}

test("a program that imports the client compiles without Node's types, and runs", () => {
  const folder = project();
  const options = ["--strict", "--skipLibCheck", "false", "--module", "nodenext", "--target", "es2022"];
  const compiled = spawnSync(
    process.execPath,
    [
      `${PROJECT_ROOT}node_modules/typescript/bin/tsc`,
      ...options,
      "--lib",
      "es2023,dom",
      "--types",
      "",
      "use.ts",
    ],
    { cwd: folder, encoding: "utf8" },
  );
  expect(compiled.stdout).toBe("");
  const ran = spawnSync(process.execPath, ["use.js"], { cwd: folder, encoding: "utf8" });
  expect(ran.stderr).toBe("");
  expect(ran.stdout).toBe("unreachable\n");
});
