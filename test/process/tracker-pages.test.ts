/** The payload tracker's pages in a real browser, on the port of the built server's view. */
import { readFileSync } from "node:fs";
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Api } from "../contract/api.ts";
import { button, consoleBrowser, lookAtAllSizes } from "../support/console-page.ts";
import { puptoo, TRACKER_TOPIC, trackerServer } from "../support/tracker-server.ts";
import { requestIdOf } from "../support/views/payloads.ts";

const PAGES = "/app/payload-tracker";
/** They bring no plots and no client library along. */
const SCRIPT_BYTES = 25 * 1024;
const ARCHIVED = requestIdOf(1);
/** What a gateway in front says of one who may have archives. */
const ARCHIVIST = {
  "x-rh-identity": Buffer.from(
    JSON.stringify({ identity: { associate: { Role: ["platform-archive-download"] } } }),
  ).toString("base64"),
};

const browser = consoleBrowser("the payload tracker's pages");
const server = trackerServer(ARCHIVED);

function apiOf(): Api {
  const api = new Api(server.trackerUrl);
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
    expect(server.pagesUrl).toBe(`${server.trackerUrl}${PAGES}/`);
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

const open = (
  hash: string,
  options?: Parameters<typeof browser.openUrl>[1],
): ReturnType<typeof browser.openUrl> => browser.openUrl(server.pagesUrl + hash, options);

describe.skipIf(!browser.isThere)("Track", () => {
  it("says where a payload is, how long each service took, and what failed", async () => {
    const id = ARCHIVED;
    await server.report(...puptoo(id));
    const { page } = await open("#/track");
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
    await button(page, "Table").click();
    await button(page, "status").click();
    const statuses = page.getByRole("region", { name: "Statuses" }).locator("tbody tr td:nth-child(3)");
    await expect.poll(() => statuses.first().textContent()).toBe("error");
    expect(page.url()).toContain("tab=table&sort_by=status&sort_dir=asc");
  });

  it("says that a payload is not there, and what a request_id is", async () => {
    const { page } = await open("#/track?request_id=nobody%2F..");
    await page.getByText("There is no payload with the request_id nobody/..").waitFor();
    await page.getByText("A request_id has 32 hex digits").waitFor();
  });

  it("follows what changes, and stops when nothing does", async () => {
    const id = requestIdOf(2);
    // With options, for the clock that it gets is there to stay.
    const { page, requests } = await open("#/track", {});
    await page.clock.install();
    await page.goto("about:blank");
    const asked = (): number => requests.filter((each) => each.includes(`/payloads/${id}?`)).length;
    await page.goto(`${server.pagesUrl}#/track?request_id=${id}`);
    await page.getByText("There is no payload with the request_id").waitFor();
    await server.report(...puptoo(id).slice(0, 1));
    const afterSeconds = async (text: string): Promise<number> => {
      await page.clock.fastForward(1000);
      return await page.getByText(text).count();
    };
    const askedInAMinute = async (): Promise<number> => {
      const before = asked();
      await page.clock.fastForward(60_000);
      return asked() - before;
    };
    await expect.poll(() => afterSeconds("Last: puptoo reported received")).toBe(1);
    expect(await askedInAMinute()).toBeGreaterThan(0);
    await expect.poll(() => afterSeconds("Nothing changed for a while.")).toBe(1);
    expect(await askedInAMinute()).toBe(0);
    await server.report(...puptoo(id).slice(1));
    await button(page, "Look again").click();
    await page.getByText("Last: puptoo reported error").waitFor();
    await page.getByText("Follows what changes").waitFor();
  });

  it("leads to Kibana and to the log, and to the archive those who may have it", async () => {
    await server.report(...puptoo(requestIdOf(3)));
    const { page } = await open(`#/track?request_id=${requestIdOf(3)}`);
    const kibana = await page.getByRole("link", { name: "View In Kibana" }).getAttribute("href");
    expect(kibana).toContain(`https://kibana.example/app?_g=`);
    expect(await button(page, "Download Archive").count()).toBe(0);
    await page.getByRole("link", { name: "Its messages in the log" }).click();
    await page.getByText(requestIdOf(3)).first().waitFor();
    expect(page.url()).toContain(`${server.url}/-/console/#/topics/${TRACKER_TOPIC}/messages`);
    const { page: archivist } = await open(`#/track?request_id=${requestIdOf(3)}`, {
      extraHTTPHeaders: ARCHIVIST,
    });
    await button(archivist, "Download Archive").click();
    await archivist.getByText("No archive found for this request").waitFor();
    await archivist.goto(`${server.pagesUrl}#/track?request_id=${requestIdOf(1)}`);
    await button(archivist, "Download Archive").click();
    const archive = archivist.getByRole("link", { name: "The archive" });
    expect(await archive.getAttribute("href")).toBe("https://archive.example/1");
  });
});

describe.skipIf(!browser.isThere)("the lists", () => {
  /** A status each of 25 payloads, an hour apart, of two services. */
  const COUNT = 25;
  const rows = (page: Page): Locator => page.locator("tbody tr");
  const column = (page: Page, name: string): Promise<string[]> =>
    page.evaluate(
      `[...document.querySelectorAll("tbody tr")].map((row) => row.children[
        [...document.querySelectorAll("thead th")].findIndex((each) => each.textContent.startsWith("${name}"))
      ].textContent)`,
    );

  beforeAll(async () => {
    if (!browser.isThere) return;
    const reports = Array.from({ length: COUNT }, (_, number) => ({
      service: number % 2 === 0 ? "even" : "odd",
      request_id: requestIdOf(1000 + number),
      status: number === 7 ? "error" : "success",
      status_msg: `=message ${number}`,
      date: new Date(Date.UTC(2022, 0, 1, number)).toISOString(),
      account: String(7000 + (number % 5)),
      system_id: "listed",
      org_id: "3",
    }));
    await server.report(...reports);
  });

  it("show the last 15 minutes, and say so where there is nothing", async () => {
    const { page } = await open("#/payloads");
    await page.getByText("No results found in the last 15 minutes.").waitFor();
    await button(page, "Look in All Time").click();
    await rows(page).first().waitFor();
    expect(page.url()).toContain("#/payloads?recent=all");
  });

  it("are cut into pages, sorted by a click, and their URL shows another the same", async () => {
    const { page } = await open("#/payloads?recent=all&system_id=listed");
    await page.getByText("1 to 10 of 25, page 1 of 3").first().waitFor();
    expect((await column(page, "request_id"))[0]).toBe(requestIdOf(1000 + COUNT - 1));
    expect(await button(page, "request_id").count()).toBe(0);
    await button(page, "created_at").click();
    await expect.poll(async () => (await column(page, "request_id"))[0]).toBe(requestIdOf(1000));
    await page.getByRole("navigation", { name: "Pages, below the list" }).getByText("Next").click();
    await page.getByText("11 to 20 of 25, page 2 of 3").first().waitFor();
    expect(page.url()).toContain("sort_by=created_at&sort_dir=asc&page=2");
    const { page: other } = await open(new URL(page.url()).hash);
    await other.getByText("11 to 20 of 25, page 2 of 3").first().waitFor();
    expect(await column(other, "request_id")).toEqual(await column(page, "request_id"));
    await lookAtAllSizes(other, "tracker-payloads");
    await other.getByLabel("on a page").selectOption("50");
    await other.getByText("1 to 25 of 25, page 1 of 1").first().waitFor();
    await other.goBack();
    await other.getByText("11 to 20 of 25, page 2 of 3").first().waitFor();
  });

  it("take filters one by one and apply them together", async () => {
    const { page } = await open("#/payloads?recent=all&system_id=listed&page=2");
    await page.getByText("page 2 of 3").first().waitFor();
    await button(page, "7003").first().click();
    await page.getByLabel("Filter", { exact: true }).selectOption("org_id");
    await page.getByLabel("is", { exact: true }).fill("3");
    await page.keyboard.press("Enter");
    await page.getByText("org_id: 3 (staged)").waitFor();
    expect(page.url()).not.toContain("account");
    await button(page, "Apply 2 filters").click();
    await page.getByText("1 to 5 of 5, page 1 of 1").first().waitFor();
    expect(page.url()).toContain("recent=all&system_id=listed&account=7003&org_id=3");
    await button(page, "Remove account: 7003").click();
    await page.getByText("1 to 10 of 25").first().waitFor();
    await button(page, "7003").first().click();
    await button(page, "Discard").click();
    await page.getByText("(staged)").waitFor({ state: "detached" });
  });

  it("hide columns, and save what is shown as CSV that no spreadsheet runs", async () => {
    const { page } = await open("#/statuses?recent=all&service=odd&sort_dir=asc");
    await rows(page).first().waitFor();
    await page.getByText("Show Columns").click();
    for (const name of ["source", "date", "created_at"])
      await page.getByLabel(name, { exact: true }).uncheck();
    await expect.poll(() => page.locator("thead th").allInnerTexts()).toHaveLength(4);
    await lookAtAllSizes(page, "tracker-statuses");
    const [download] = await Promise.all([page.waitForEvent("download"), button(page, "CSV").click()]);
    expect(download.suggestedFilename()).toBe("statuses-page-1.csv");
    const [head, first, ...others] = readFileSync(await download.path(), "utf8").split("\r\n");
    expect(head).toBe("request_id,service,status,status_msg");
    expect(first).toBe(`${requestIdOf(1001)},odd,success,'=message 1`);
    expect(others).toHaveLength(10);
  });

  it("show a range of time, and go back to the one before", async () => {
    const { page } = await open("#/statuses?service=even");
    await page.getByText("No results found with these filters in the last 15 minutes.").waitFor();
    await page.getByLabel("Time", { exact: true }).selectOption("created_at");
    await page.getByText("1 to 10 of 13").first().waitFor();
    await page.getByLabel("Time", { exact: true }).selectOption("date");
    await page.getByLabel("within").selectOption({ label: "From … to …" });
    await page.getByLabel("from (UTC)").fill("2022-01-01T02:00:00");
    await page.getByLabel("to (UTC)").fill("2022-01-01T06:00:00");
    await lookAtAllSizes(page, "tracker-range");
    await button(page, "Show").click();
    await page.getByText("1 to 3 of 3").first().waitFor();
    expect(new URLSearchParams(page.url().split("?")[1]).get("date_lte")).toBe("2022-01-01T06:00:00.000Z");
    await button(page, "Range before").click();
    await page.getByText("No results found").waitFor();
    await button(page, "Range behind").click();
    await page.getByText("1 to 3 of 3").first().waitFor();
  });

  it("say what is wrong with a link, and are gone through by keys alone", async () => {
    const { page } = await open("#/payloads?sort_by=nope");
    await page.getByRole("alert").getByText("sort_by must be one of account").waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await page.getByRole("heading", { name: "Recorded Statuses" }).waitFor();
    await page.goto(`${server.pagesUrl}#/payloads?recent=all&system_id=listed`);
    await rows(page).first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByText("Last: odd reported success").waitFor();
    expect(page.url()).toContain(`#/track?request_id=${requestIdOf(1000 + COUNT - 2)}`);
  });
});

it.skipIf(!browser.isThere)("the console links to the pages, and the pages to the console", async () => {
  const { page } = await browser.open(server.url, "#/server");
  const view = page
    .getByRole("region", { name: "Table of views" })
    .getByRole("row")
    .filter({ hasText: "payloads" });
  await view.getByText("ready").waitFor();
  await view.getByRole("link", { name: "payloads" }).click();
  await page.getByRole("heading", { name: "Recorded Requests" }).waitFor();
  await page.getByRole("link", { name: "Log" }).click();
  await page.getByRole("heading", { name: TRACKER_TOPIC }).waitFor();
});
