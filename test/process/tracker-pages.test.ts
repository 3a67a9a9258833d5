/** The payload tracker's pages in a real browser, on the port of the built server's view. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { NetlogClient } from "../../lib/client/index.ts";
import { Api } from "../contract/api.ts";
import { type BuiltServer, startBuiltServer } from "../support/built-program.ts";
import { consoleBrowser, lookAtAllSizes } from "../support/console-page.ts";

const TOPIC = "platform.payload-status";
const PAGES = "/app/payload-tracker";
const FREE_PORTS = ["--view-set", "payloads.PUBLICPORT=0,payloads.METRICSPORT=0"];
/** A tenth of the console's: it brings no plots and no client library along. */
const SCRIPT_BYTES = 30 * 1024;

const browser = consoleBrowser("the payload tracker's pages");

let server: BuiltServer;
let client: NetlogClient;
let folder = "";
/** The view's port. */
let url = "";

interface Report {
  readonly service: string;
  readonly status: string;
  readonly request_id: string;
  readonly date: string;
  readonly [name: string]: string;
}

let reportCount = 0;

/** Publishes them, and waits for the view. */
async function report(...reports: readonly Report[]): Promise<void> {
  await client.topic(TOPIC).publishBatch(reports.map((each) => JSON.stringify(each)));
  reportCount += reports.length;
  await expect.poll(async () => (await viewOf())?.topics[0]?.next).toBe(reportCount);
}

interface ShownView {
  readonly url: string;
  readonly ready: boolean;
  readonly topics: readonly { readonly next?: number }[];
}

async function viewOf(): Promise<ShownView | undefined> {
  return ((await (await fetch(`${server.url}/-/views`)).json()) as ShownView[])[0];
}

function idOf(number: number): string {
  return number.toString(16).padStart(32, "0");
}

/** The worked example: three sources of one service. */
function puptoo(requestId: string): Report[] {
  const parts = [
    ["26.371", undefined, "received"],
    ["33.350", "inventory", "received"],
    ["36.341", undefined, "success"],
    ["38.975", "inventory", "success"],
    ["39.374", "engine", "received"],
    ["39.975", "engine", "error"],
  ] as const;
  return parts.map(([seconds, source, status]) => ({
    service: "puptoo",
    request_id: requestId,
    status,
    date: `2021-08-04T07:45:${seconds}Z`,
    account: "901",
    inventory_id: "host-1",
    ...(source === undefined ? {} : { source }),
    ...(status === "error" ? { status_msg: "no <b>such</b> host" } : {}),
  }));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "netlog-test-"));
  const kibana = "payloads.KIBANA_URL=https://kibana.example/app";
  server = await startBuiltServer(folder, ["--view", "payloads", ...FREE_PORTS, "--view-set", kibana]);
  client = new NetlogClient(server.url);
  await client.createTopic(TOPIC);
  // PGlite makes its folder first, which takes a busy machine long.
  const view = await vi.waitFor(
    async () => {
      const found = await viewOf();
      if (found?.ready !== true) throw new Error("the view is not ready");
      return found;
    },
    { timeout: 200_000, interval: 50 },
  );
  url = new URL(view.url).origin;
});
afterAll(async () => {
  await server?.kill();
  rmSync(folder, { recursive: true, force: true });
});

function apiOf(): Api {
  const api = new Api(url);
  onTestFinished(() => api.disconnect());
  return api;
}

describe("how they are found", () => {
  it("below their path, while the port's root stays lubdub and the API answers there as well", async () => {
    const api = apiOf();
    const page = await api.get(`${PAGES}/`);
    expect(page.text).toContain("<title>payload tracker");
    expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'nonce-/);
    expect((await api.get(PAGES)).headers.location).toBe("payload-tracker/");
    expect((await api.get("/")).text).toBe("lubdub");
    expect((await api.get(`${PAGES}/api/v1/payloads`)).status).toBe(200);
    expect((await viewOf())?.url).toBe(`${url}${PAGES}/`);
  });

  it("links to upstream's pages lead to the same page, whatever stands in them", async () => {
    const api = apiOf();
    for (const [path, place] of [
      ["/payloads", "./#/payloads"],
      ["/statuses?service=puptoo&page=2", "./#/statuses?service=puptoo&page=2"],
      ["/track?request_id=%22%0d%0a%zz", "./#/track?request_id=%22%0D%0A%25zz"],
    ] as const) {
      const reply = await api.get(PAGES + path);
      expect([reply.status, reply.headers.location]).toEqual([303, place]);
    }
  });

  it("a link on a page of another site opens them, and nothing else of the port", async () => {
    const headers = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    const api = apiOf();
    expect((await api.get(`${PAGES}/`, { headers })).status).toBe(200);
    expect((await api.get("/api/v1/payloads", { headers })).status).toBe(403);
  });

  it("their files are their own, packed, and small", async () => {
    const api = apiOf();
    const { text } = await api.get(`${PAGES}/`);
    const [script = "", ...others] = text.match(/[\w-]+-[\w-]{8}\.js/g) ?? [];
    expect(others).toEqual([]);
    const { body, headers } = await api.get(`${PAGES}/${script}`, { headers: { "accept-encoding": "br" } });
    expect(headers["content-encoding"]).toBe("br");
    expect(body.length).toBeLessThanOrEqual(SCRIPT_BYTES);
    expect((await fetch(`${server.url}/-/console/${script}`)).status).toBe(404);
  });
});

describe.skipIf(!browser.isThere)("Track", () => {
  const open = (hash: string): ReturnType<typeof browser.openUrl> =>
    browser.openUrl(`${url}${PAGES}/#/track${hash}`);

  it("says where a payload is, how long each service took, and what failed", async () => {
    const id = idOf(1);
    await report(...puptoo(id));
    const { page } = await open("");
    await page.getByText("Type the request_id of a payload").waitFor();
    await page.getByLabel("request_id").fill(id);
    await page.keyboard.press("Enter");
    await page.getByText("Last: puptoo reported error, 2021-08-04 07:45:39.975 UTC").waitFor();
    expect(page.url()).toContain(`#/track?request_id=${id}`);
    const durations = page.getByRole("region", { name: "Durations" });
    expect(await durations.getByRole("listitem").allInnerTexts()).toEqual([
      expect.stringMatching(/^puptoo\s+9\.97 s\s+62 %\s+success/),
      expect.stringMatching(/^puptoo from inventory\s+5\.63 s\s+35 %\s+success/),
      expect.stringMatching(/^puptoo from engine\s+601 ms\s+4 %\s+failed/),
    ]);
    expect(await durations.getByText("13.6 s").count()).toBe(1);
    expect(await durations.getByText("16.2 s").count()).toBe(1);
    // The service reported an error, so that it is open; what it says is text.
    await page.getByText("no <b>such</b> host").waitFor();
    await lookAtAllSizes(page, "tracker-track");
  });
});
