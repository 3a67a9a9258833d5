import { describe, expect, test } from "vitest";
import { SERVE_OPTIONS } from "../../../cmd/options/options.ts";
import { type Ran, runCommand } from "../../support/run-command.ts";

const runWith = (...args: string[]): Promise<Ran> => runCommand(args);

describe("help", () => {
  test.each([["help"], ["--help"], ["-help"], ["-h"], ["-debug --help"]])(
    "netlog %s lists the commands",
    async (args) => {
      const { status, out, err } = await runWith(...args.split(" "));
      expect({ status, err }).toEqual({ status: 0, err: "" });
      expect(out).toMatch(/^netlog 1\.2\.3, /);
      for (const name of ["serve", "check", "dump", "help", "version"])
        expect(out).toMatch(new RegExp(`^ {2}${name} +\\S`, "m"));
    },
  );

  test.each([["help serve"], ["serve --help"], ["serve -dir x -h"]])(
    "netlog %s tells every flag",
    async (args) => {
      const { status, out } = await runWith(...args.split(" "));
      expect(status).toBe(0);
      for (const option of Object.values(SERVE_OPTIONS)) {
        const flag = `--${option.name.replaceAll("_", "-")}`;
        const line = out.split("\n").find((candidate) => candidate.trim().split(" ")[0] === flag);
        expect(line).toContain(option.placeholder);
        expect(line).toContain(option.fallback);
        expect(out).toContain(`NETLOG_${option.name.toUpperCase()}`);
      }
    },
  );
});

test.each([["version"], ["--version"], ["-version"]])("netlog %s prints the version", async (args) => {
  expect(await runWith(args)).toEqual({ status: 0, out: "netlog 1.2.3\n", err: "" });
});

describe("mistakes are one line on stderr, with status 2", () => {
  test.each([
    ["sevre", /^netlog: unknown command "sevre"; did you mean serve\? there are serve, .*version\n$/],
    ["frobnicate", /^netlog: unknown command "frobnicate"; there are serve, .*version\n$/],
    ["help sevre", /^netlog: unknown command "sevre"; did you mean serve\? there are serve, .*version\n$/],
  ])("netlog %s", async (args, line) => {
    const { status, out, err } = await runWith(...args.split(" "));
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toMatch(line);
  });

  test("flags in front of a command of clients", async () => {
    const { status, err } = await runWith("--server", "http://localhost:7200", "topics");
    expect(status).toBe(2);
    expect(err).toMatch(
      /^netlog: unknown flag --server; .*; flags stand behind their command: netlog topics --server …\n$/,
    );
  });

  test.each([["-lissten :0"], ["serve -lissten :0"]])("netlog %s", async (args) => {
    const { status, err } = await runWith(...args.split(" "));
    expect(status).toBe(2);
    expect(err).toMatch(/^netlog: unknown flag -lissten; did you mean --listen\? there are .*\n$/);
  });
});
