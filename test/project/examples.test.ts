/** The files of cmd/examples that others read: they name what the server and the image have. */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { durationMs, parseDuration } from "../../lib/values.ts";
import { LIMITS } from "../../server/index.ts";
import { builtServerForTest } from "../support/built-program.ts";
import { PROJECT_ROOT, projectText } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

/** Words of an expression that are functions, keywords and labels, and Prometheus's own metric. */
const OTHER_NAMES = ["up"];

function example(name: string): unknown {
  return parse(projectText(`cmd/examples/${name}`));
}

function rules(): Rule[] {
  return (example("alerts.yml") as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);
}

test("each metric of an alert is one that the server has, and so is its state", async () => {
  const { url } = await builtServerForTest(temporaryFolder());
  const metrics = await (await fetch(`${url}/-/metrics`)).text();
  const types = new Map(
    [...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type]) => [name, type]),
  );
  expect(rules().length).toBeGreaterThan(8);
  for (const { alert, expr } of rules()) {
    const names = [...expr.matchAll(/\b(?:netlog|process)_\w+/g)].map(([name]) => name);
    expect([...names, ...OTHER_NAMES.filter((name) => expr.startsWith(name))], alert).not.toEqual([]);
    for (const name of names) {
      const histogram = name.replace(/_bucket$/, "");
      const type = types.get(histogram);
      expect(type === "histogram" ? `${histogram}_bucket` : type && histogram, alert).toBe(name);
      // A counter says nothing by itself, save that it is not 0.
      if (type === "counter")
        expect(expr, alert).toMatch(new RegExp(`(rate|increase)\\(${name}|${name} > 0`));
    }
  }
  for (const [, labels = ""] of projectText("cmd/examples/alerts.yml").matchAll(/netlog_topics(\{.*?\})/g)) {
    expect(metrics).toContain(`netlog_topics${labels} `);
  }
});

test("each alert says how bad it is and what has happened", () => {
  for (const { alert, labels, annotations } of rules()) {
    expect(["warning", "critical"], alert).toContain(labels.severity);
    expect(annotations.summary, alert).toMatch(/\w+ \w+/);
  }
});

test("Prometheus finds the metrics at the server's default address, and the alerts beside its file", async () => {
  const { rule_files, scrape_configs } = example("prometheus.yml") as {
    rule_files: string[];
    scrape_configs: { job_name: string; metrics_path: string; static_configs: { targets: string[] }[] }[];
  };
  for (const file of rule_files) expect(existsSync(`${PROJECT_ROOT}cmd/examples/${file}`), file).toBe(true);
  const [{ job_name, metrics_path, static_configs }] = scrape_configs as [(typeof scrape_configs)[0]];
  for (const { expr } of rules()) {
    for (const [, job] of expr.matchAll(/job="(\w+)"/g)) expect(job).toBe(job_name);
  }
  expect(static_configs[0]?.targets).toEqual(["localhost:7200"]);
  const { url } = await builtServerForTest(temporaryFolder());
  expect((await fetch(`${url}${metrics_path}`)).status).toBe(200);
});

test("the compose file agrees with the image", () => {
  const { services, volumes } = example("compose.yaml") as {
    services: {
      netlog: {
        build: string;
        ports: string[];
        volumes: string[];
        stop_grace_period: string;
        ulimits: { nofile: number };
      };
    };
    volumes: object;
  };
  const { netlog } = services;
  const image = projectText("Dockerfile");
  expect(new URL(netlog.build, `file://${PROJECT_ROOT}cmd/examples/`).pathname).toBe(PROJECT_ROOT);
  const [, port] = /^EXPOSE (\d+)$/m.exec(image) ?? [];
  expect(netlog.ports).toEqual([`127.0.0.1:${port}:${port}`]);
  for (const mount of netlog.volumes) {
    const [volume = "", folder = ""] = mount.split(":");
    expect(Object.keys(volumes)).toContain(volume);
    expect(image).toMatch(new RegExp(`chown node:node .*${folder}\\b`));
  }
  expect(durationMs(parseDuration(netlog.stop_grace_period))).toBeGreaterThan(2 * LIMITS.stopMs);
  expect(netlog.ulimits.nofile).toBeGreaterThan(2 * LIMITS.connections);
});
