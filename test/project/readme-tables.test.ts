import { expect, test } from "vitest";
import { flagOf, type Option, variableOf } from "../../cmd/cli/option.ts";
import { CLIENT_VARIABLES, JOB_HEADER_PREFIX } from "../../cmd/cli/variables.ts";
import { COMMANDS } from "../../cmd/commands.ts";
import { LIMIT_OPTIONS, LIMITS } from "../../cmd/options/limits.ts";
import { SERVE_OPTIONS } from "../../cmd/options/options.ts";
import { boundOf, DEFAULT_SETTINGS, SETTING_NAMES, SETTINGS, type Setting } from "../../lib/index.ts";
import { formatDuration } from "../../lib/values.ts";
import { FAMILIES } from "../../server/metrics/metric-families.ts";
import { ROUTES } from "../../server/netlog/routes.ts";
import { openApiDocument } from "../../server/openapi/document.ts";
import { HEADERS, QUERY, REQUEST_HEADERS } from "../../server/openapi/parts.ts";
import { describeSettings } from "../../server/openapi/settings.ts";
import { ERROR_TABLE } from "../../server/wire/errors.ts";
import { memoryRows } from "../support/memory-sum.ts";
import { packageJson, projectText, section, tableRows } from "../support/project-files.ts";

interface Described {
  readonly security?: readonly unknown[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

/** Variables of the tests themselves, which vitest.config.ts keeps. */
const TEST_PREFIX = "NETLOG_TEST_";
const reference = projectText("server/README.md");
const DOCUMENTS = ["README.md", "server/README.md", "lib/README.md", "cmd/README.md", "CONTRIBUTING.md"];

const limits = Object.values(LIMIT_OPTIONS).map((option): Option<unknown> => option);
const statuses = new Set(Object.values(ERROR_TABLE).map(({ status }) => String(status)));

function row({ name, fallback, description }: Option<unknown>): string[] {
  return [flagOf(name), fallback, description];
}

function rowsOf(title: string): string[][] {
  return tableRows(section(reference, title));
}

test("the options are those of the program that limit nothing, with their defaults", () => {
  const others = Object.values(SERVE_OPTIONS).filter((option) => !limits.includes(option));
  expect(rowsOf("Options")).toEqual(others.map(row));
});

test("the limits that are options have their defaults, and what lies beyond each", () => {
  const rows = rowsOf("Limits that are options");
  expect(rows.map((cells) => cells.slice(0, 3))).toEqual(limits.map(row));
  for (const [flag, , , beyond = ""] of rows) {
    const isRefused = !["the connection ends", "the oldest are forgotten", "204", "the stream ends"].includes(
      beyond,
    );
    if (isRefused) expect(statuses, flag).toContain(beyond.slice(0, 3));
  }
});

test("the limits that are called fixed have these values, and no option", () => {
  const rows = rowsOf("Limits that are fixed");
  expect(rows.length).toBeGreaterThan(10);
  const values = new Map(Object.entries(LIMITS));
  for (const [name = "", value] of rows) {
    expect(value, name).toBe(values.get(name)?.toLocaleString("en"));
    expect(Object.keys(LIMIT_OPTIONS)).not.toContain(name);
  }
});

test("the bound of memory is the sum of the limits that it names", () => {
  const MIB = 1024 * 1024;
  const figureOf = (mib: number): string => Math.round(mib).toLocaleString("en");
  const rows = memoryRows();
  const [own, ...counted] = rows.slice(0, -1);
  expect(own).toMatchObject({ what: "the process with nothing to do", bytes: undefined });
  for (const { what, figure, bytes = 0 } of counted) expect(figure, what).toBe(figureOf(bytes / MIB));
  const sum = counted.reduce((mib, { bytes = 0 }) => mib + bytes / MIB, Number(own?.figure));
  expect(rows.at(-1)).toMatchObject({ what: "together", figure: figureOf(sum) });
});

test("the metrics are those of the server", () => {
  const families = FAMILIES.filter(({ name }) => name.startsWith("netlog_"));
  expect(rowsOf("Metrics")).toEqual(families.map(({ name, type, help }) => [name, type, help]));
});

test("the routes are those that OpenAPI describes, with their parameters", () => {
  const { paths } = openApiDocument("1.0.0", ROUTES) as { paths: Record<string, Record<string, Described>> };
  const described = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => method !== "head")
      .map(([method, { parameters = [] }]) => {
        const names = parameters.filter(({ in: place }) => place === "query").map(({ name }) => name);
        const query = names.length === 0 ? "" : `?${names.toSorted().join("&")}`;
        return `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}${query}`;
      }),
  );
  const documented = rowsOf("Routes").map(([route = ""]) => {
    const [path = "", query] = route.split("?");
    const names = query?.split("&").map((each) => each.replace(/=$/, "")) ?? [];
    return names.length === 0 ? path : `${path}?${names.toSorted().join("&")}`;
  });
  expect(documented.toSorted()).toEqual(described.toSorted());
});

test("the routes that need no token are those that OpenAPI describes as open", () => {
  const { paths } = openApiDocument("1.0.0", ROUTES) as { paths: Record<string, Record<string, Described>> };
  for (const [route = "", needs] of rowsOf("Routes")) {
    const [method = "", path = ""] = (route.split("?")[0] ?? "").split(" ");
    const operation = paths[path.replace(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
    expect(operation?.security, route).toEqual(needs === "nothing" ? [] : undefined);
  }
});

test("the settings of a topic are those of the table, with their defaults, bounds and texts", () => {
  expect(rowsOf("Topic settings")).toEqual(
    SETTING_NAMES.map((name) => {
      const setting = SETTINGS[name];
      return [name, String(setting.default ?? "none"), allowedBy(setting), setting.text];
    }),
  );
  const { properties } = describeSettings(DEFAULT_SETTINGS) as { properties: object };
  expect(Object.keys(properties)).toEqual(SETTING_NAMES);
});

function allowedBy(setting: Setting): string {
  switch (setting.kind) {
    case "duration": {
      const most =
        setting.max === undefined ? "" : ` of at most ${durationText(boundOf(setting.max, LIMITS))}`;
      const least =
        setting.min === undefined ? "" : ` of at least ${durationText(boundOf(setting.min, LIMITS))}`;
      return `a duration${least}${most}`;
    }
    case "integer": {
      const [least, most] = [boundOf(setting.min, LIMITS), boundOf(setting.max, LIMITS)];
      const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
      return `${setting.unit === "bytes" ? "bytes" : "a count"}, ${bounds}`;
    }
    case "choice": {
      const synonyms = Object.entries(setting.synonyms).map(([word, meant]) => `; ${word} means ${meant}`);
      return setting.choices.join(", ") + synonyms.join("");
    }
    case "code":
      return Object.entries(setting.codes)
        .map(([word, code]) => `${code} ${word}`)
        .join(", ");
    case "time":
      return "an RFC 3339 time, in the future";
    case "media_type":
      return `a media type of at most ${LIMITS.contentTypeLength} characters`;
  }
}

test("the bounds of scanners are the server's", () => {
  const sets = new Map(rowsOf("Workers").map(([name = "", ...cells]) => [name, cells.join(" ")]));
  const waits = [LIMITS.ackWaitMinMs, LIMITS.ackWaitMaxMs].map(durationText).join(" to ");
  expect(sets.get("ack_wait")).toContain(waits);
  expect(sets.get("max_pending")).toContain(`1 to ${LIMITS.pendingMax.toLocaleString("en")}`);
  expect(sets.get("expire")).toContain(`\`${durationText(LIMITS.scannerIdleMs)}\``);
});

/** As the documents write durations: whole days as days. */
function durationText(ms: number): string {
  const days = ms / 86_400_000;
  return days >= 1 ? `${days}day` : formatDuration({ years: 0, months: 0, days: 0, ms });
}

test("the parameters of a scanner are those that the server takes", () => {
  const { paths } = openApiDocument("1.0.0", ROUTES) as { paths: Record<string, Record<string, Described>> };
  const { parameters = [] } = paths["/{topic}/scanner"]?.post ?? {};
  const taken = parameters.filter(({ in: place }) => place === "query").map(({ name }) => name);
  const documented = rowsOf("Workers").map(([name]) => name);
  expect(["from", ...documented].toSorted()).toEqual(taken.toSorted());
});

/** Headers that OpenAPI does not describe: it leaves these to HTTP, their names are the client's, or every answer has them. */
const REQUEST_HEADERS_OF_HTTP = [
  "Content-Type",
  "X-Meta-<name>",
  "Ce-<name>",
  "Accept",
  "Authorization",
  "Origin",
  "Sec-Fetch-Site",
  "Sec-Fetch-Dest",
  "X-Forwarded-For",
  "X-Forwarded-Proto",
];
const HEADERS_OF_HTTP = [
  "X-Meta-<name>",
  "Ce-<name>",
  "Content-Security-Policy",
  "Cross-Origin-Resource-Policy",
  "Allow",
  "Connection",
  "X-Accel-Buffering",
  "Cache-Control",
  "X-Content-Type-Options",
  "Vary",
];

test.each([
  ["Headers of a request", REQUEST_HEADERS, REQUEST_HEADERS_OF_HTTP],
  ["Headers of an answer", HEADERS, HEADERS_OF_HTTP],
])("%s are those that OpenAPI describes, in its words", (title, described, others) => {
  const rows = rowsOf(title);
  const own = Object.entries(described).map(([name, [description]]) => [name, description]);
  expect(rows.slice(0, own.length)).toEqual(own);
  expect(rows.slice(own.length).map(([name]) => name)).toEqual(others);
});

test("every parameter that server/README.md and the README put behind a path is one that a route takes", () => {
  for (const path of ["README.md", "server/README.md"]) {
    for (const [, query = ""] of projectText(path).matchAll(/localhost:7200\/[^?\s"]*\?([^\s"]*)/g)) {
      const names = query.split("&").map((pair) => pair.split("=")[0] ?? "");
      expect(Object.keys(QUERY), `${path}: ${query}`).toEqual(expect.arrayContaining(names));
    }
  }
});

test("the variables that documents and the image name are known to a command", async () => {
  const commands = await Promise.all(COMMANDS.map(({ load }) => load()));
  const options = commands.flatMap((command) => Object.values(command.options));
  const known = new Set([...CLIENT_VARIABLES, ...options.map(variableOf)]);
  for (const path of [...DOCUMENTS, "Dockerfile", "cmd/netlog.service", "cmd/examples/compose.yaml"]) {
    for (const [name] of projectText(path).matchAll(/NETLOG_[A-Z_]+/g)) {
      if (name.startsWith(JOB_HEADER_PREFIX) || name.startsWith(TEST_PREFIX)) continue;
      expect(known, path).toContain(name);
    }
  }
});

test("CONTRIBUTING.md gives a reason for each dependency, and for no other package", () => {
  const rows = tableRows(section(projectText("CONTRIBUTING.md"), "Dependencies"));
  expect(rows.map(([name]) => name)).toEqual(
    Object.keys({ ...packageJson().optionalDependencies, ...packageJson().dependencies }),
  );
  for (const [, reason] of rows) expect(reason).toMatch(/\w+ \w+/);
});

test("the README names the license of package.json", () => {
  expect(projectText("README.md")).toContain(`License: ${packageJson().license}.`);
});

test("the README has at most 200 lines", () => {
  expect(projectText("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(200);
});
