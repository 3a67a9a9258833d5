/** The console's list of topics, its keys and its question for a token, in a real browser against the built server. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { NetlogClient } from "../../lib/client/index.ts";
import { testToken } from "../server/auth/tokens-fixture.ts";
import { builtServerForTest } from "../support/built-program.ts";
import { button, consoleBrowser, lookAtAllSizes, sharedServer } from "../support/console-page.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const browser = consoleBrowser("the console's list of topics");

const row = (page: Page, name: string): Locator => page.locator("tr[data-row]").filter({ hasText: name });
const names = (page: Page): Promise<string[]> =>
  page.locator("tr[data-row] th a:first-child").allTextContents();

describe.skipIf(!browser.isThere)("the list of topics", () => {
  const server = sharedServer(async (client) => {
    for (const [place, name] of ["orders", "old-orders", "payments"].entries()) {
      const topic = await client.createTopic(name, { durability: "written" });
      await topic.publishBatch(Array.from({ length: 10 * (place + 1) }, (_, at) => `message ${at}`));
    }
    await client.topic("payments").createScanner({ id: "books", persist: true });
  });

  it("shows an empty server the line that fills it", async () => {
    const empty = await builtServerForTest(temporaryFolder());
    const { page } = await browser.open(empty.url, "");
    await page.getByText("There are no topics yet.").waitFor();
    expect(await page.locator(".curl-line code").textContent()).toContain(`${empty.url}/hello/payload`);
    await lookAtAllSizes(page, "topics-empty");
  });

  it("is live, and asks for nothing but the list", async () => {
    const { page, requests } = await browser.open(server.url, "#/topics");
    await row(page, "payments").getByText("30", { exact: true }).first().waitFor();
    const before = requests.length;
    await server.client.topic("payments").publishBatch(["more", "and more"]);
    await row(page, "payments").getByText("32", { exact: true }).first().waitFor();
    const asked = requests.slice(before).map((url) => new URL(url).pathname);
    expect(new Set(asked)).toEqual(new Set(["/-/topics"]));
    await lookAtAllSizes(page, "topics");
  });

  it("sorts by a column and filters as one types, and the URL keeps both", async () => {
    const { page } = await browser.open(server.url, "#/topics");
    await row(page, "payments").waitFor();
    await page.getByRole("button", { name: "Messages" }).click();
    await expect.poll(() => names(page)).toEqual(["payments", "old-orders", "orders"]);
    await page.keyboard.press("/");
    await page.keyboard.type("o");
    await expect.poll(() => names(page)).toEqual(["old-orders", "orders"]);
    expect(page.url()).toContain("#/topics?sort=-messages&prefix=o");
    await page.reload();
    await expect.poll(() => names(page)).toEqual(["old-orders", "orders"]);
  });

  it("goes by keys through rows and pages", async () => {
    const { page } = await browser.open(server.url, "#/topics");
    await row(page, "payments").waitFor();
    const focused = (): Promise<unknown> => page.evaluate("document.activeElement.textContent");
    for (const [key, name] of [
      ["j", "old-orders"],
      ["j", "orders"],
      ["k", "old-orders"],
    ] as const) {
      await page.keyboard.press(key);
      await expect.poll(focused).toBe(name);
    }
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).getByText("to the server").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("g");
    await page.keyboard.press("v");
    await expect.poll(() => page.url()).toContain("#/server");
  });

  it("creates a topic within the bounds that the server tells", async () => {
    const { page } = await browser.open(server.url, "#/topics");
    await row(page, "payments").waitFor();
    await page.keyboard.press("c");
    await page.getByLabel("Name", { exact: true }).fill("orders");
    await button(page, "Create").click();
    await page.getByText("A topic of this name is there already.").waitFor();
    await page.getByLabel("Name", { exact: true }).fill("made-here");
    await page.getByText("Settings", { exact: true }).click();
    await page.getByLabel("segment_size").fill("3 GiB");
    await page.getByText("It takes 1.0 KiB to 2.0 GiB.").waitFor();
    await page.getByLabel("segment_size").fill("64 MiB");
    await page.getByLabel("compression_type").selectOption({ label: "gzip" });
    await lookAtAllSizes(page, "topic-create");
    await button(page, "Create").click();
    await expect.poll(() => page.url()).toContain("#/topics/made-here");
    const { settings } = await server.client.topic("made-here").info();
    expect(settings).toMatchObject({
      segment_size: 64 * 1024 * 1024,
      compression_type: 2,
      segment_age: "30day",
    });
  });

  it("deletes a topic when its name was typed, and not before", async () => {
    const topic = await server.client.createTopic("to-go");
    await topic.createScanner({ id: "s" });
    const { page } = await browser.open(server.url, "#/topics");
    await page.getByRole("button", { name: "Delete to-go" }).click();
    const really = page.getByRole("button", { name: "Delete it" });
    await page.getByLabel("Type the name of the topic").fill("to-g");
    expect(await really.isDisabled()).toBe(true);
    expect(await server.client.topics()).toContain("to-go");
    await page.getByLabel("Type the name of the topic").fill("to-go");
    await really.click();
    await expect.poll(() => server.client.topics()).not.toContain("to-go");
    await row(page, "to-go").waitFor({ state: "detached" });
  });

  it("pages through more topics than it holds", async () => {
    const many = await builtServerForTest(temporaryFolder());
    const there = new NetlogClient(many.url);
    await Promise.all(
      Array.from({ length: 220 }, (_, at) => there.createTopic(`t-${String(at).padStart(3, "0")}`)),
    );
    const { page } = await browser.open(many.url, "#/topics");
    await page.getByText("100 of 220 topics").waitFor();
    await button(page, "Next").click();
    await row(page, "t-100").waitFor();
    await button(page, "Next").click();
    await row(page, "t-219").waitFor();
    expect(await names(page)).toHaveLength(20);
    await button(page, "Previous").click();
    await row(page, "t-100").waitFor();
    // The browser's own way back, and the page's from there.
    await button(page, "Next").click();
    await row(page, "t-219").waitFor();
    await page.goBack();
    await row(page, "t-100").waitFor();
    await button(page, "Previous").click();
    await row(page, "t-000").waitFor();
  });

  it("asks for a token, keeps it out of every URL, and offers only what it may", async () => {
    const reader = testToken(["*"], ["read"]);
    const admin = testToken(["*"], ["read", "admin"]);
    const file = join(temporaryFolder(), "tokens.json");
    writeFileSync(file, JSON.stringify({ tokens: [reader.record, admin.record] }));
    const guarded = await builtServerForTest(temporaryFolder(), ["--token-file", file]);
    await new NetlogClient(guarded.url, { token: admin.token }).createTopic("secret");
    const { page, requests } = await browser.open(guarded.url, "#/topics");
    const field = page.getByRole("textbox", { name: "Token" });
    await field.fill("nltk_nothing");
    await lookAtAllSizes(page, "token");
    await page.getByRole("button", { name: "Use this token" }).click();
    await page.getByText("The server does not know this token").waitFor();
    await field.fill(reader.token);
    await page.getByRole("button", { name: "Use this token" }).click();
    await row(page, "secret").waitFor();
    expect(await page.getByRole("button", { name: "Create a topic…" }).count()).toBe(0);
    expect(await page.getByRole("button", { name: "Delete secret" }).count()).toBe(0);
    expect(requests.join("\n") + page.url()).not.toContain(reader.token);
    await page.reload();
    await row(page, "secret").waitFor();
    await page.getByRole("button", { name: "Token" }).click();
    await field.fill("nltk_another");
    await page.getByRole("button", { name: "Use this token" }).click();
    await page.getByText("The server does not know this token").waitFor();
    // The one in use is as good as before.
    expect(await row(page, "secret").isVisible()).toBe(true);
    await page.getByRole("button", { name: "Forget the one in use" }).click();
    await field.waitFor();
  });
});
