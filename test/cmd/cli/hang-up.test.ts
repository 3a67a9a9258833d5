import { writeFileSync } from "node:fs";
import { beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { reloadOnHangUp } from "../../../cmd/serve/credentials.ts";
import type { RunningServer } from "../../../server/index.ts";
import { LineLogger } from "../../support/netlog-fixture.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const NO_FILES = { tokenFile: "", tlsCert: "", tlsKey: "" };

beforeEach(() => {
  const before = process.listeners("SIGHUP");
  onTestFinished(() => {
    for (const listener of process.listeners("SIGHUP")) {
      if (!before.includes(listener)) process.off("SIGHUP", listener);
    }
  });
});

it("has files read again that were to be before the server was there, once it is", () => {
  const tokenFile = `${temporaryFolder()}/tokens.json`;
  writeFileSync(tokenFile, '{"tokens":[]}');
  const logger = new LineLogger();
  const replaceTokens = vi.fn();
  const reloadFor = reloadOnHangUp({ ...NO_FILES, tokenFile }, logger, false);
  process.emit("SIGHUP", "SIGHUP");
  expect(replaceTokens).not.toHaveBeenCalled();
  reloadFor({ replaceTokens } as unknown as RunningServer);
  expect(replaceTokens).toHaveBeenCalledExactlyOnceWith([]);
  process.emit("SIGHUP", "SIGHUP");
  expect(replaceTokens).toHaveBeenCalledTimes(2);
});

it("leaves the signal alone on a terminal, where there is nothing to read", () => {
  const count = process.listenerCount("SIGHUP");
  reloadOnHangUp(NO_FILES, new LineLogger(), true);
  expect(process.listenerCount("SIGHUP")).toBe(count);
});
