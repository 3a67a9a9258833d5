/** The console's page of messages, in a real browser against the built server. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { NetlogClient, type Topic } from "../../lib/client/index.ts";
import { builtServerForTest, startBuiltServer } from "../support/built-program.ts";
import { button, consoleBrowser, lookAtAllSizes, sharedServer } from "../support/console-page.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const browser = consoleBrowser("the console's messages");

const list = (page: Page): Locator => page.getByRole("listbox", { name: "Messages" });
const option = (page: Page, text: string): Locator =>
  list(page).getByRole("option").filter({ hasText: text });
const detail = (page: Page): Locator => page.getByRole("article");
const payload = (page: Page): Locator => page.getByRole("region", { name: "Payload as" });

/** Offsets of the rows that are drawn. */
async function offsets(page: Page): Promise<number[]> {
  const texts = await list(page)
    .locator("[data-offset]")
    .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-offset")));
  return texts.map(Number);
}

describe.skipIf(!browser.isThere)("the page of messages", () => {
  const server = sharedServer();
  let number = 0;

  const topicWith = async (
    ...payloads: Parameters<Topic["publishBatch"]>[0] & readonly unknown[]
  ): Promise<Topic> => {
    number++;
    const topic = await server.client.createTopic(`messages-${number}`, { durability: "written" });
    if (payloads.length > 0) await topic.publishBatch(payloads as Parameters<Topic["publishBatch"]>[0]);
    return topic;
  };
  const open = async (topic: Topic, query = ""): Promise<Page> =>
    (await browser.open(server.url, `#/topics/${topic.name}/messages${query}`)).page;

  it("tails live, pauses, and goes on with what came meanwhile", async () => {
    const topic = await topicWith("first");
    const page = await open(topic);
    await option(page, "first").waitFor();
    await topic.publish("second");
    await option(page, "second").waitFor();
    await button(page, "Pause").click();
    await topic.publish("third");
    await page.getByText("Paused: 2 messages").waitFor();
    expect(await offsets(page)).toEqual([0, 1]);
    await button(page, "Go on").click();
    await option(page, "third").waitFor();
    expect(await offsets(page)).toEqual([0, 1, 2]);
  });

  it("goes to every spelling of a place", async () => {
    const topic = await topicWith(...Array.from({ length: 1500 }, (_, i) => `m${i}`));
    const page = await open(topic);
    await option(page, "m1499").waitFor();
    const box = page.getByLabel("From");
    for (const [typed, first] of [
      ["700", 700],
      ["-100", 1400],
      ["first", 0],
      ["1h", 0],
      ["1,200", 1200],
    ] as const) {
      await box.fill(typed);
      await box.press("Enter");
      await option(page, `m${first}`).first().waitFor();
      await page.getByText(`${first.toLocaleString("en-US")} to`).waitFor();
    }
    await box.fill("nonsense");
    await box.press("Enter");
    await page.getByRole("alert").filter({ hasText: "nonsense" }).waitFor();
    await button(page, "Live").click();
    await option(page, "m1499").waitFor();
  });

  it("reads on in both directions as one scrolls", async () => {
    const topic = await topicWith(...Array.from({ length: 2000 }, (_, i) => `m${i}`));
    const page = await open(topic, "?from=1000");
    await option(page, "m1000").waitFor();
    await list(page).evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await page.getByText("1,000 to 1,999").waitFor();
    await list(page).evaluate((box) => box.scrollTo(0, 0));
    await page.getByText("500 to 1,999").waitFor();
    // What came above has not moved what was looked at.
    await option(page, "m1000").waitFor();
  });

  it("shows an empty topic the line that fills it, until a message comes", async () => {
    const topic = await topicWith();
    const page = await open(topic);
    await page.getByText("There is no message in this topic.").waitFor();
    await lookAtAllSizes(page, "messages-empty");
    const line = (await page.locator(".curl-line code").textContent()) ?? "";
    execFileSync("/bin/sh", ["-c", line]);
    await option(page, "hello").waitFor();
  });

  it("asks again by itself for what did not come, and keeps what is there", async () => {
    const topic = await topicWith("zero", "one", "two");
    const page = await open(topic, "?from=1");
    await option(page, "two").waitFor();
    const requests = `**/${topic.name}/**`;
    await page.route(requests, (route) => route.abort());
    await topic.publish("three");
    await page.goto(`${server.url}/-/console/#/topics/${topic.name}/messages?from=1&at=0`);
    await detail(page).getByRole("alert").filter({ hasText: "does not answer" }).waitFor();
    await page.getByRole("button", { name: /^Look (for new ones|further on)$/ }).click();
    await page.locator(".messages-status").getByRole("alert").waitFor();
    await option(page, "two").waitFor();
    await page.unroute(requests);
    await option(page, "three").waitFor();
    await payload(page).getByText("zero").waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  it("filters by words as one types, and by key on the server", async () => {
    const topic = await topicWith(
      { payload: "apple pie", key: "a" },
      { payload: "Banana split", key: "b" },
      { payload: "apple and banana", key: "b" },
    );
    const page = await open(topic);
    await option(page, "apple pie").waitFor();
    const filter = page.getByRole("searchbox", { name: "Filter" });
    await filter.fill("banana");
    await page.getByText("2 of 3 messages").waitFor();
    expect(await offsets(page)).toEqual([1, 2]);
    await filter.fill("banana key:b apple");
    await page.getByText("1 of 2 messages").waitFor();
    expect(await offsets(page)).toEqual([2]);
    await page.goto(`${server.url}/-/console/#/topics/${topic.name}/messages?from=first&filter=split`);
    await page.getByText("1 match among 0 to 2").waitFor();
    expect(await offsets(page)).toEqual([1]);
  });

  it("shows a message with all that it carries, and goes to the next and the previous", async () => {
    const topic = await topicWith(
      "before",
      {
        payload: '{"n":12345678901234567890}',
        key: "größe",
        contentType: "application/json",
        headers: { "x-meta-a": "b" },
      },
      "after",
    );
    const page = await open(topic);
    await option(page, "12345678901234567890").click();
    const message = await topic.read(1);
    for (const text of ["größe", "application/json", "x-meta-a", message.timestamp, String(message.crc32)]) {
      await detail(page).getByText(text, { exact: false }).first().waitFor();
    }
    await payload(page).getByText("12345678901234567890").waitFor();
    await button(page, "Next").click();
    await detail(page).getByRole("heading", { name: "Message 2" }).waitFor();
    expect(await button(page, "Next").isDisabled()).toBe(true);
    await page.locator("body").press("k");
    await detail(page).getByRole("heading", { name: "Message 1" }).waitFor();
    await page.locator("body").press("k");
    await detail(page).getByRole("heading", { name: "Message 0" }).waitFor();
    await page.locator("body").press("j");
    await detail(page).getByRole("heading", { name: "Message 1" }).waitFor();
    // The URL is what can be sent to another person.
    expect(page.url()).toContain("at=1");
    await button(page, "Hex").click();
    await payload(page).getByText("7b 22 6e 22 3a 31 32 33  34 35").waitFor();
    expect(page.url()).toContain("view=hex");
  });

  it("copies a line for a shell that reads the message, and saves its bytes under a name that opens nothing", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const topic = await topicWith({ payload: bytes, contentType: "text/html" });
    const { page } = await browser.open(server.url, `#/topics/${topic.name}/messages?at=0`, {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await button(page, "Copy as curl").click();
    await page.getByText("Copied").waitFor();
    const line = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(execFileSync("/bin/sh", ["-c", line])).toEqual(Buffer.from(bytes));
    const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Download").click()]);
    expect(download.suggestedFilename()).toBe("message-0.bin");
    expect(readFileSync(await download.path())).toEqual(Buffer.from(bytes));
  });

  it("publishes text, JSON and files, with key and headers, and once more what one looks at", async () => {
    const topic = await topicWith();
    const page = await open(topic);
    await button(page, "Publish…").click();
    const form = page.getByRole("form", { name: "Publish a message" });
    const publish = form.getByRole("button", { name: "Publish", exact: true });
    await publish.click();
    await form.getByRole("alert").filter({ hasText: "at least one byte" }).waitFor();
    await form.getByLabel("Payload", { exact: true }).fill("hello");
    await form.getByLabel("Key").fill("k 1");
    await form.getByLabel("Headers").fill("x-meta-shop: Berlin\nX-Meta-B: 2");
    await publish.click();
    await form.getByText("message 0").waitFor();
    await form.getByRole("button", { name: "JSON" }).click();
    await form.getByLabel("Payload", { exact: true }).fill("{");
    await publish.click();
    await form.getByRole("alert").filter({ hasText: "not JSON" }).waitFor();
    await form.getByLabel("Payload", { exact: true }).fill('{"a":1}');
    await publish.click();
    await form.getByText("message 1").waitFor();
    const file = join(temporaryFolder(), "bytes.bin");
    writeFileSync(file, Uint8Array.of(0, 255, 13));
    await form.getByRole("button", { name: "File" }).click();
    await form.locator("input[type=file]").setInputFiles(file);
    await form.getByText("bytes.bin").waitFor();
    await publish.click();
    await form.getByText("message 2").waitFor();
    await page.keyboard.press("Escape");

    const { messages } = await topic.readBatch();
    expect(messages.map(({ payload: each }) => Buffer.from(each).toString("latin1"))).toEqual([
      "hello",
      '{"a":1}',
      "\0\u00ff\r",
    ]);
    expect(messages[0]).toMatchObject({ key: "k 1", headers: { "x-meta-shop": "Berlin", "x-meta-b": "2" } });
    expect(messages[1]?.contentType).toBe("application/json");

    await option(page, "hello").click();
    await button(page, "Publish once more…").click();
    await publish.click();
    await form.getByText("message 3").waitFor();
    const again = await topic.read(3);
    expect([again.text(), again.key, again.headers]).toEqual(["hello", "k 1", messages[0]!.headers]);
  });

  it("is read and used by everybody: at three widths, light and dark, axe finds nothing", async () => {
    const payloads = Array.from({ length: 60 }, (_, i) => ({
      payload: JSON.stringify({ order: i, total: 12.5 * i, items: [{ sku: "a-1" }, { sku: "b-2" }] }),
      key: `customer-${i % 7}`,
      contentType: "application/json",
    }));
    const topic = await topicWith(...payloads);
    const page = await open(topic);
    await option(page, "customer-3").last().waitFor();
    await lookAtAllSizes(page, "messages");
    await page.setViewportSize({ width: 1280, height: 800 });
    await option(page, "customer-3").last().click();
    await payload(page).waitFor();
    await lookAtAllSizes(page, "message");
    await button(page, "Publish once more…").click();
    await lookAtAllSizes(page, "publish");
  });
});

describe.skipIf(!browser.isThere)("a tail over a restart of the server", () => {
  it("loses and repeats no message, and says that the server is away", async () => {
    const folder = temporaryFolder();
    const before = await startBuiltServer(folder);
    const address = `127.0.0.1:${before.port}`;
    const topic = await new NetlogClient(before.url).createTopic("t");
    await topic.publishBatch(["a0", "a1", "a2"]);
    const { page } = await browser.open(before.url, "#/topics/t/messages");
    await option(page, "a2").waitFor();
    await before.kill();
    await page.getByText("The server is away").waitFor();
    expect(await offsets(page)).toEqual([0, 1, 2]);
    const after = await builtServerForTest(folder, ["-listen", address]);
    await new NetlogClient(after.url).topic("t").publishBatch(["b3", "b4"]);
    await option(page, "b4").waitFor();
    expect(await offsets(page)).toEqual([0, 1, 2, 3, 4]);
    await page.getByText("Live: 5 messages").waitFor();
  });
});
