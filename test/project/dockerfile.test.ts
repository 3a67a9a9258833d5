import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SERVE_OPTIONS } from "../../cmd/options/options.ts";
import { parseOptions } from "../../cmd/options/parse-options.ts";
import { checkStart } from "../../cmd/serve/start-rules.ts";
import { PROJECT_ROOT, packageJson, projectText } from "../support/project-files.ts";

const instructions = projectText("Dockerfile")
  .replaceAll("\\\n", " ")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => ({ name: line.split(" ")[0]!, text: line.slice(line.indexOf(" ") + 1).trim() }));

const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === "FROM"));

/** Sources and target of each COPY, by the stage they come from: `undefined` for the project's folder. */
const copies = instructions
  .filter(({ name }) => name === "COPY")
  .map(({ text }) => {
    const words = text.split(/ +/);
    const stage = words[0]!.startsWith("--from=") ? words.shift()!.slice("--from=".length) : undefined;
    return { stage, sources: words.slice(0, -1), target: words.at(-1)! };
  });

function textOf(stage: typeof instructions, name: string): string {
  const texts = stage.filter((instruction) => instruction.name === name).map(({ text }) => text);
  expect(texts, name).toHaveLength(1);
  return texts[0]!;
}

describe("the Dockerfile", () => {
  test("copies nothing that the project does not have and .dockerignore does not let through", () => {
    const ignored = projectText(".dockerignore").split("\n");
    const sources = copies.filter(({ stage }) => stage === undefined).flatMap(({ sources }) => sources);
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      expect(existsSync(`${PROJECT_ROOT}${source}`), source).toBe(true);
      expect(ignored).toContain(`!${source}`);
    }
  });

  test("copies from the build what the program consists of, and its dependencies", () => {
    const sources = copies.filter(({ stage }) => stage === "build").flatMap(({ sources }) => sources);
    const { bin } = packageJson();
    const parts = ["dist", ...Object.values(bin), "package.json", "node_modules"].map(
      (path) => `/app/${path}`,
    );
    expect(sources.toSorted()).toEqual(parts.toSorted());
  });

  test("gives the build each file that its scripts read", () => {
    const sources = copies.filter(({ stage }) => stage === undefined).flatMap(({ sources }) => sources);
    const { extends: base, include } = JSON.parse(projectText("tsconfig.build.json")) as {
      extends: string;
      include: string[];
    };
    const { scripts } = packageJson();
    expect(scripts["build:program"]).toContain("tsconfig.build.json");
    const bundles = ["build:program", "build:pages"].map(
      (script) => /\brolldown -c (\S+)/.exec(scripts[script] ?? "")?.[1] ?? "",
    );
    for (const path of bundles) expect(existsSync(`${PROJECT_ROOT}${path}`), path).toBe(true);
    const read = [
      ...bundles.map((path) => path.split("/")[0]!),
      "tsconfig.build.json",
      base.replace("./", ""),
      ...include.map((glob) => glob.split("/")[0]!),
    ];
    expect(sources).toEqual(expect.arrayContaining(["package.json", "package-lock.json", ...read]));
  });

  test("builds and runs on one image, of a Node that engines allows", () => {
    const images = instructions.filter(({ name }) => name === "FROM").map(({ text }) => text.split(" ")[0]);
    expect(new Set(images).size).toBe(1);
    const [, major] = /^node:(\d+)-slim$/.exec(images[0]!) ?? [];
    expect(Number(major)).toBeGreaterThanOrEqual(20);
  });

  test("runs as a user that is not root, who owns the volume", () => {
    const user = textOf(lastStage, "USER");
    expect(user).toBe("node");
    const made = lastStage.findIndex(
      ({ name, text }) => name === "RUN" && text.includes(`chown ${user}:${user} /data /tokens`),
    );
    const order = ["USER", "VOLUME"].map((wanted) => lastStage.findIndex(({ name }) => name === wanted));
    expect(made).toBeGreaterThan(0);
    for (const place of order) expect(place).toBeGreaterThan(made);
    expect(textOf(lastStage, "VOLUME")).toBe("/data");
  });

  test("starts the shim itself, so that SIGTERM reaches it", () => {
    const entry = JSON.parse(textOf(lastStage, "ENTRYPOINT")) as string[];
    expect(entry).toEqual(["node", `/app/${packageJson().bin.netlog}`]);
    expect(JSON.parse(textOf(lastStage, "CMD"))).toEqual(["serve"]);
  });

  test("has the container's health asked of the server itself", () => {
    const [, command = ""] = textOf(lastStage, "HEALTHCHECK").split(" CMD ");
    expect(JSON.parse(command)).toEqual(["node", `/app/${packageJson().bin.netlog}`, "health"]);
  });

  test("starts with a token file or NETLOG_INSECURE=1 alone", async () => {
    const settings = lastStage.filter(({ name }) => name === "ENV").flatMap(({ text }) => text.split(" "));
    const image = Object.fromEntries(settings.map((setting) => setting.split("=")));
    const start = (more: Readonly<Record<string, string>>) =>
      checkStart(parseOptions(SERVE_OPTIONS, [], { ...image, ...more }));
    await expect(start({})).rejects.toThrow("there are no tokens");
    expect(await start({ NETLOG_INSECURE: "1" })).toEqual({ host: "", isOpen: true });
    expect(await start({ NETLOG_TOKEN_FILE: "/tokens/tokens.json" })).toEqual({ host: "", isOpen: true });
  });

  test("serves on all interfaces, on the port it exposes, with the data in the volume", () => {
    const settings = lastStage.filter(({ name }) => name === "ENV").flatMap(({ text }) => text.split(" "));
    const environment = Object.fromEntries(settings.map((setting) => setting.split("=")));
    const options = parseOptions(SERVE_OPTIONS, [], environment);
    expect(options.listen).toEqual({ host: "", port: Number(textOf(lastStage, "EXPOSE")) });
    expect(options.dir).toBe("/data");
  });
});
