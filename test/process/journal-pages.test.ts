/** The journal's pages in a real browser, on the port of the built server's view, which asks for tokens. */
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Api } from "../contract/api.ts";
import { button, consoleBrowser, lookAtAllSizes } from "../support/console-page.ts";
import { journalPagesServer, type TestEvent } from "../support/journal-pages-server.ts";
import { eventText, FIRST_MS, nanosAt } from "../support/views/journal.ts";

const PAGES = "/-/console";
/** They bring plots, and no client library. */
const SCRIPT_BYTES = 44 * 1024;
/** Updates of the client `press`, a minute apart, by two users in turn. */
const UPDATES = 23;
const CREATED_MS = FIRST_MS - 24 * 3_600_000;

const browser = consoleBrowser("the journal's pages");
const server = journalPagesServer();

function published(number: number): TestEvent {
  const attributes = { client_id: "press", domain_id: "d", channel_id: "temps", subtopic: "a" };
  return { operation: "messaging.client_publish", attributes, atMs: FIRST_MS + number * 1000 };
}

beforeAll(async () => {
  if (!browser.isThere) return;
  const hostile = {
    id: "press",
    domain: "d",
    user_id: "ana",
    name: '</script><img src=x onerror="globalThis.wasRun = true"> \u202e',
    channel_ids: ["temps"],
    nested: { list: [1, { deep: [true, null] }] },
    count: 1,
    metadata: { floor: 2 },
  };
  const created = eventText("client.create", hostile, nanosAt(CREATED_MS, 123_456_000));
  await server.publish(
    created.replace('"count":1', '"count":1234567890123456789'),
    ...Array.from({ length: UPDATES }, (_, number) => ({
      operation: "client.update",
      attributes: { id: "press", domain: "d", user_id: number % 2 === 0 ? "ana" : "bo", number },
      atMs: FIRST_MS + number * 60_000,
    })),
    {
      operation: "messaging.client_subscribe",
      attributes: { client_id: "press", subscriber_id: "s", topic: "m/d/c/temps/#" },
      atMs: FIRST_MS,
    },
    published(0),
  );
});

function apiOf(): Api {
  const api = new Api(server.journalUrl);
  onTestFinished(() => api.disconnect());
  return api;
}

function tokenField(page: Page): Locator {
  return page.getByRole("textbox", { name: "Token" });
}

/** The page at `hash`, once it has the token. */
async function open(hash: string, token = server.member): Promise<Page> {
  const { page } = await browser.openUrl(server.pagesUrl + hash);
  await tokenField(page).fill(token);
  await page.keyboard.press("Enter");
  await tokenField(page).waitFor({ state: "detached" });
  return page;
}

describe("how they are found", () => {
  it("below /-/ of the journal's port, as the log says, with a policy that runs their own script alone", async () => {
    const api = apiOf();
    const page = await api.get(`${PAGES}/`);
    expect(page.text).toContain("<title>journal");
    expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'nonce-/);
    expect((await api.get(PAGES)).headers.location).toBe("console/");
    expect(server.pagesUrl).toBe(`${server.journalUrl}${PAGES}/`);
    const headers = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    expect((await api.get(`${PAGES}/`, { headers })).status).toBe(200);
    expect((await api.get("/journal/user/ana", { headers })).status).toBe(403);
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

describe.skipIf(!browser.isThere)("who may see", () => {
  it("is asked once: the token stays in the tab, and the page offers the own journal", async () => {
    const { page, requests } = await browser.openUrl(`${server.pagesUrl}#/journal`);
    await page.getByText("netlog token create --user").waitFor();
    await tokenField(page).fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("The server does not know this token").waitFor();
    await tokenField(page).fill(server.member);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Your own journal" }).click();
    await page.getByRole("heading", { name: "user ana" }).waitFor();
    await page.getByText("1 to 10 of 13, page 1 of 2").first().waitFor();
    expect(requests.filter((url) => url.includes(server.member))).toEqual([]);
    expect(await page.evaluate("[localStorage.length, document.cookie, sessionStorage.length]")).toEqual([
      0,
      "",
      1,
    ]);
  });

  it("is refused with words that say whose the token is", async () => {
    const page = await open("#/journal?type=client&domain=e&id=press");
    await page.getByRole("alert").getByText("Your token is in d, and not in domain e.").waitFor();
    await page.getByLabel("Type").selectOption("user");
    await page.getByLabel("Domain (empty: all)").fill("");
    await page.getByLabel("Id", { exact: true }).fill("bo");
    await button(page, "Show").click();
    await page.getByRole("alert").getByText("and your token is of user ana").waitFor();
    await page.goto(`${server.pagesUrl}#/telemetry?domain=e&id=press`);
    await page.getByRole("alert").getByText("and not in domain e").waitFor();
  });
});

describe.skipIf(!browser.isThere)("the journal", () => {
  const CLIENT = "#/journal?type=client&domain=d&id=press";

  it("is cut into pages and filtered, and its URL shows another the same", async () => {
    const page = await open("#/journal");
    await page.getByLabel("Type").selectOption("client");
    await page.getByLabel("Domain", { exact: true }).fill("d");
    await page.getByLabel("Id", { exact: true }).fill("press");
    await page.keyboard.press("Enter");
    await page.getByText("1 to 10 of 24, page 1 of 3").first().waitFor();
    expect(page.url()).toContain(CLIENT);
    await page.getByRole("navigation", { name: "Pages, below the list" }).getByText("Next").click();
    await page.getByText("11 to 20 of 24, page 2 of 3").first().waitFor();
    await page.getByLabel("Order").selectOption("oldest first");
    await page.getByText("1 to 10 of 24, page 1 of 3").first().waitFor();
    const first = page
      .getByRole("list", { name: "Journals of client press in domain d" })
      .getByRole("listitem");
    await expect.poll(() => first.first().textContent()).toContain("2024-04-30 12:00:00.123456");
    await page.getByRole("button", { name: "client.update", exact: true }).first().click();
    await page.getByText("1 to 10 of 23, page 1 of 3").first().waitFor();
    await page.getByLabel("on a page").selectOption("50");
    await page.getByText("1 to 23 of 23, page 1 of 1").first().waitFor();
    const shared = new URL(page.url()).hash;
    expect(shared).toBe(`${CLIENT}&dir=asc&operation=client.update&limit=50`);
    await page.goto("about:blank");
    await page.goto(server.pagesUrl + shared);
    await page.getByText("1 to 23 of 23, page 1 of 1").first().waitFor();
  });

  it("shows a range of time, says where there is nothing, and leads out of it", async () => {
    const page = await open(CLIENT);
    await page.getByLabel("Occurred").selectOption("Last 24 hours");
    await page.getByText("There are no journals of client press in domain d in the last 24 hours.").waitFor();
    await page.getByLabel("Occurred").selectOption("From … to …");
    await page.getByLabel("from (UTC)").fill("2024-05-01T12:01:00");
    await page.getByLabel("to (UTC)").fill("2024-05-01T12:03:00");
    await page.getByRole("form", { name: "From and to" }).getByText("Show").click();
    await page.getByText("1 to 3 of 3, page 1 of 1").first().waitFor();
    expect(page.url()).toContain("&from=1714564860&to=1714564980");
    await page.getByLabel("Operation is").fill("client.disable");
    await page.keyboard.press("Enter");
    await page.getByText("of the operation client.disable between these times.").waitFor();
    await button(page, "Look at any operation and all time").click();
    await page.getByText("1 to 10 of 24").first().waitFor();
    await page.goto(`${server.pagesUrl}${CLIENT}&from=9999999999`);
    await page.getByRole("alert").getByText("Invalid time format use unix time").waitFor();
  });

  it("draws attributes and metadata as trees of text, with every digit, and leads to those that are named", async () => {
    const page = await open(`${CLIENT}&operation=client.create&with_metadata=true`);
    await button(page, "Open client.create of 2024-04-30T12:00:00.123456Z").click();
    const attributes = page.getByRole("region", { name: "The attributes" });
    await attributes.getByText("1234567890123456789").waitFor();
    await attributes.getByText("</script><img src=x onerror=").waitFor();
    await attributes.getByText("\\u202e").waitFor();
    await page.getByRole("region", { name: "The metadata" }).getByText('"floor"').waitFor();
    expect(await page.evaluate("globalThis.wasRun")).toBeUndefined();
    await lookAtAllSizes(page, "journal-open");
    await button(page, 'Fold "nested"').click();
    await attributes.getByText('{"list":[1,{"deep":[true,null]}]}').waitFor();
    await page.getByLabel("attributes", { exact: true }).uncheck();
    await attributes.waitFor({ state: "detached" });
    await page.getByLabel("attributes", { exact: true }).check();
    await page.getByRole("link", { name: "channel temps" }).click();
    await page.getByRole("heading", { name: "channel temps in domain d" }).waitFor();
  });

  it("is gone through by keys alone", async () => {
    const page = await open(CLIENT);
    await page.getByText("1 to 10 of 24").first().waitFor();
    await page.getByRole("heading", { name: "client press in domain d" }).click();
    for (const key of ["j", "j", "Enter"]) await page.keyboard.press(key);
    await page.getByRole("region", { name: "The attributes" }).getByText('"number"').waitFor();
    for (const key of ["g", "t"]) await page.keyboard.press(key);
    await page.getByText("Choose a client, by its domain and its id.").waitFor();
  });
});

describe.skipIf(!browser.isThere)("telemetry", () => {
  it("says what a client sent and got, and plots it by the hour, and by the second while the page is open", async () => {
    const page = await open("#/journal?type=client&domain=d&id=press");
    await page.getByRole("link", { name: "Its telemetry" }).click();
    const figure = (name: string): Promise<string | null> =>
      page.locator(".figures > div").filter({ hasText: name }).locator("dd").textContent();
    await page.getByText("Since then it has published 0 messages, and 0 were delivered to it.").waitFor();
    expect(await figure("First seen")).toMatch(/^2024-04-30 12:00:00.123456 UTC, /);
    expect([await figure("Subscriptions"), await figure("inbound"), await figure("outbound")]).toEqual([
      "1",
      "1",
      "1",
    ]);
    // An hour may have begun behind the message.
    const hours = /^Messages an hour in the last 7 days, .*: published [01], delivered [01]$/;
    await page.getByRole("img", { name: hours }).waitFor();
    await server.publish(published(1), published(2));
    await page.getByText("Since then it has published 2 messages, and 2 were delivered to it.").waitFor();
    const plot = page.getByRole("img", {
      name: /^Messages a second, since this page was opened at .* UTC: /,
    });
    await expect.poll(() => plot.getAttribute("aria-label")).toMatch(/published [\d.]+, delivered [\d.]+$/);
    await lookAtAllSizes(page, "journal-telemetry");
    await page.getByRole("link", { name: "Its journal" }).click();
    await page.getByText("1 to 10 of 24").first().waitFor();
  });

  it("of a client that nothing is known of says so", async () => {
    const page = await open("#/telemetry?domain=d&id=nobody");
    await page.getByText("Nothing is known of client nobody in domain d").waitFor();
  });
});

it.skipIf(!browser.isThere)("the console links to the pages, and the pages to the console", async () => {
  const { page } = await browser.open(server.url, "#/server");
  await tokenField(page).fill(server.admin);
  await page.keyboard.press("Enter");
  const views = page.getByRole("region", { name: "Table of views" });
  await views.getByRole("link", { name: "journal" }).click();
  await tokenField(page).fill(server.admin);
  await page.keyboard.press("Enter");
  await page.getByText("The journal says who did what, and when.").waitFor();
  await page.getByRole("link", { name: "Log" }).click();
  await page.getByRole("heading", { name: "Topics" }).waitFor();
});
