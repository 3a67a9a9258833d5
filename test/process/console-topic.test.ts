/** The console's overview of a topic, in a real browser against the built server. */
import { closeSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { Topic } from "../../lib/client/index.ts";
import { button, consoleBrowser, lookAtAllSizes, sharedServer } from "../support/console-page.ts";

const browser = consoleBrowser("the console's overview of a topic");

/** The value beside a name. */
const figure = (page: Page, name: string): Locator =>
  page
    .locator("dl div")
    .filter({ has: page.getByText(name, { exact: true }) })
    .locator("dd");

async function hasFigure(page: Page, name: string, value: string): Promise<void> {
  await figure(page, name).getByText(value, { exact: true }).waitFor();
}

describe.skipIf(!browser.isThere)("the overview of a topic", () => {
  const server = sharedServer();
  let number = 0;

  const newTopic = async (): Promise<Topic> => {
    number++;
    return await server.client.createTopic(`topic-${number}`, { segment_size: 1024 });
  };
  const open = async (topic: Topic): Promise<Page> =>
    (await browser.open(server.url, `#/topics/${topic.name}`)).page;
  const fill = async (topic: Topic, batches: number): Promise<void> => {
    for (let i = 0; i < batches; i++)
      await topic.publishBatch(Array.from({ length: 10 }, () => "x".repeat(100)));
  };

  it("shows figures that are live, and the lag of each scanner", async () => {
    const topic = await newTopic();
    await topic.createScanner({ id: "slow", persist: true });
    await fill(topic, 3);
    const page = await open(topic);
    await hasFigure(page, "messages", "30");
    await hasFigure(page, "greatest lag", "30");
    await fill(topic, 1);
    await hasFigure(page, "messages", "40");
    await page.getByRole("img", { name: /^Lag by scanner: slow 40/ }).waitFor();
    await page.getByRole("img", { name: /^Messages a second: in [0-9]/ }).waitFor();
    await lookAtAllSizes(page, "topic");
  });

  it("leads from a segment of the bar to its messages", async () => {
    const topic = await newTopic();
    await fill(topic, 4);
    const page = await open(topic);
    const { segments } = await topic.info();
    const second = segments[1]!.first_offset;
    await button(page, "Time").click();
    await button(page, "Size").click();
    const bar = page.getByRole("group", { name: "Segments, oldest first" }).getByRole("button");
    expect(await bar.count()).toBe(segments.length);
    await bar.nth(1).focus();
    await bar.nth(1).press("Enter");
    await page.waitForURL(new RegExp(`/messages\\?from=${second}$`));
    await page.getByText(`${second} to`).waitFor();
  });

  it("changes settings in place, and shows the server's reason where it refuses", async () => {
    const topic = await newTopic();
    const page = await open(topic);
    const form = page.getByRole("form", { name: "Settings" });
    const size = form.getByLabel("retention_size");
    await size.fill("64 MiB");
    await form.getByRole("button", { name: "Change retention_size" }).click();
    await form.getByText("Changed, for new messages.").waitFor();
    expect((await topic.info()).settings.retention_size).toBe(64 * 1024 * 1024);
    await form.getByLabel("segment_age").fill("soon");
    await form.getByRole("button", { name: "Change segment_age" }).click();
    await form.getByRole("alert").filter({ hasText: "soon" }).waitFor();
    await form.getByRole("button", { name: "Leave as it is" }).click();
    expect(await form.getByLabel("segment_age").inputValue()).toBe("30day");
  });

  it("changes nothing that another client has changed meanwhile", async () => {
    const topic = await newTopic();
    const page = await open(topic);
    const form = page.getByRole("form", { name: "Settings" });
    await form.getByLabel("retention_size").fill("64 MiB");
    await topic.changeSettings({ segment_age: "7day" });
    await expect.poll(() => form.getByLabel("segment_age").inputValue()).toBe("7day");
    await form.getByRole("button", { name: "Change retention_size", exact: true }).click();
    await form.getByText("Changed, for new messages.").waitFor();
    const { settings } = await topic.info();
    expect(settings).toMatchObject({ segment_age: "7day", retention_size: 64 * 1024 * 1024 });
  });

  it("syncs, and closes once it was asked twice", async () => {
    const topic = await newTopic();
    await fill(topic, 1);
    const page = await open(topic);
    await button(page, "Sync").click();
    await page.getByText("Everything accepted so far is on the disk.").waitFor();
    await button(page, "Close…").click();
    expect((await topic.info()).closed).toBe(undefined);
    await button(page, `Close ${topic.name} for good`).click();
    await hasFigure(page, "state", "closed");
    expect((await topic.info()).closed).toBe(true);
  });

  it("checks the topic, and leads to what is damaged", async () => {
    const topic = await newTopic();
    await fill(topic, 3);
    const page = await open(topic);
    await button(page, "Check the topic").click();
    await page.getByText("The topic is healthy").waitFor();
    damageOldest(join(server.folder, topic.name));
    await button(page, "Check the topic").click();
    await page.getByText("1 damaged place").waitFor();
    const row = page.getByRole("row").filter({ hasText: "checksum" });
    await row.getByRole("button").click();
    await page.waitForURL(/\/messages\?from=0$/);
    await page.getByRole("listbox", { name: "Messages" }).waitFor();
  });

  it("says that the topic is gone, and keeps its last figures", async () => {
    const topic = await newTopic();
    await fill(topic, 2);
    const page = await open(topic);
    await hasFigure(page, "messages", "20");
    await topic.delete();
    await page.getByRole("alert").filter({ hasText: "no such topic" }).waitFor();
    await hasFigure(page, "messages", "20");
  });
});

/** Turns one byte near the end of the oldest segment. */
function damageOldest(topicFolder: string): void {
  const [name = ""] = readdirSync(topicFolder)
    .filter((each) => each.endsWith(".data"))
    .toSorted();
  const path = join(topicFolder, name);
  const file = openSync(path, "r+");
  writeSync(file, Uint8Array.of(0), 0, 1, statSync(path).size - 20);
  closeSync(file);
}
