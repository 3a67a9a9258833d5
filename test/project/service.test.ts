import { expect, test } from "vitest";
import { EXIT } from "../../cmd/cli/command.ts";
import { environmentNameOf } from "../../cmd/cli/option.ts";
import { SERVE_OPTIONS } from "../../cmd/options/options.ts";
import { LIMITS } from "../../server/index.ts";
import { packageJson, projectText } from "../support/project-files.ts";

const text = projectText("cmd/netlog.service");

function setting(name: string): string {
  const values = [...text.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);
  expect(values, name).toHaveLength(1);
  return values[0]!;
}

test("the systemd unit starts the program, with variables that it has", () => {
  expect(setting("ExecStart")).toBe(`/usr/bin/node /opt/netlog/${packageJson().bin.netlog} serve`);
  const known = Object.values(SERVE_OPTIONS).map(({ name }) => environmentNameOf(name));
  const variables = setting("Environment")
    .split(" ")
    .map((pair) => pair.split("=")[0]);
  expect(variables.length).toBeGreaterThan(0);
  expect(known).toEqual(expect.arrayContaining(variables));
});

test("the systemd unit names the user who is to read the token file, and where it is looked for", () => {
  expect(text).toContain(`runuser -u ${setting("User")} -- `);
  const [, folder = ""] = /NETLOG_CONFIG=(\S+)\//.exec(setting("Environment")) ?? [];
  expect(text).toMatch(new RegExp(`^# +install -d -o ${setting("User")} .*${folder}$`, "m"));
  expect(text).toContain(`--token-file ${folder}/`);
});

test("the systemd unit lets the server finish, and does not start again what was told wrongly", () => {
  expect(Number(setting("TimeoutStopSec")) * 1000).toBeGreaterThan(2 * LIMITS.stopMs);
  expect(Number(setting("RestartPreventExitStatus"))).toBe(EXIT.usage);
  expect(Number(setting("LimitNOFILE"))).toBeGreaterThan(2 * LIMITS.connections);
});
