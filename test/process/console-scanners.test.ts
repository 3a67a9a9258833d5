/** The console's scanners of a topic, in a real browser against the built server. */
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { Topic } from "../../lib/client/index.ts";
import { button, consoleBrowser, lookAtAllSizes, sharedServer } from "../support/console-page.ts";

const browser = consoleBrowser("the console's scanners");

describe.skipIf(!browser.isThere)("the scanners of a topic", () => {
  const server = sharedServer();
  let number = 0;

  const newTopic = async (count: number): Promise<Topic> => {
    number++;
    const topic = await server.client.createTopic(`topic-${number}`, { durability: "written" });
    await topic.publishBatch(
      Array.from({ length: count }, (_, at) => ({ payload: `letter ${at}`, key: `k${at}` })),
    );
    return topic;
  };
  const open = async ({ name }: Topic, query = ""): Promise<Page> =>
    (await browser.open(server.url, `#/topics/${name}/scanners${query}`)).page;

  it("creates one where there was none, and shows it", async () => {
    const topic = await newTopic(7);
    const page = await open(topic);
    await page.getByText("This topic has no scanners.").waitFor();
    await button(page, "Create a scanner…").click();
    await page.getByLabel("Id", { exact: true }).fill("workers");
    await page.getByLabel("max_pending").fill("200000");
    await page.getByText("It takes 1 to 100,000.").waitFor();
    await page.getByLabel("max_pending").fill("50");
    await page.getByLabel("ack", { exact: true }).selectOption("explicit");
    await button(page, "Create").click();
    await page.getByRole("region", { name: "Scanner workers" }).waitFor();
    expect(await topic.scanner("workers").info()).toMatchObject({ lag: 7, settings: { max_pending: 50 } });
  });

  it("moves one to the message that it showed before", async () => {
    const topic = await newTopic(20);
    await topic.createScanner({ id: "s", persist: true });
    const page = await open(topic, "?id=s");
    await button(page, "Move…").click();
    await page.getByLabel("To", { exact: true }).fill("-5");
    await page.getByText("letter 15").waitFor();
    await page.getByText("15 messages forward.").waitFor();
    await lookAtAllSizes(page, "scanner-move");
    expect((await topic.scanner("s").info()).next).toBe(0);
    await button(page, "Move it to 15").click();
    await expect.poll(async () => (await topic.scanner("s").info()).next).toBe(15);
    await button(page, "Move…").click();
    await page.getByLabel("To", { exact: true }).fill("no place");
    await page.locator(".wrong").waitFor();
    expect(await page.getByText("Looking…").count()).toBe(0);
    expect(await button(page, "Move it").isDisabled()).toBe(true);
  });

  it("shows what is pending, and puts dead letters back once", async () => {
    const topic = await newTopic(30);
    const letters = `dead-${topic.name}`;
    const scanner = await topic.createScanner({
      id: "w",
      ack: "explicit",
      maxDeliver: 1,
      deadLetter: letters,
    });
    const leased = await scanner.scanBatch({ max: 30 });
    await scanner.nack(
      leased.slice(0, 3).map(({ offset }) => offset),
      { dead: true },
    );
    const page = await open(topic, "?id=w");
    const pending = page.getByRole("region", { name: "Pending messages" }).first();
    await pending.getByText("20 of 27").waitFor();
    await pending.getByRole("button", { name: "Next" }).click();
    await pending.getByText("7 of 27").waitFor();
    const dead = page.getByRole("region", { name: "Dead letters" }).first();
    await dead.getByText("letter 1", { exact: true }).waitFor();
    await lookAtAllSizes(page, "scanners");
    await dead.getByRole("button", { name: "Publish back letter 1" }).click();
    await dead.getByText("back as 30").waitFor();
    await dead.getByRole("button", { name: "Publish all back…" }).click();
    await button(page, "Publish them back").click();
    await page.getByText("3 of 3 are back").waitFor();
    const { messages } = await topic.readBatch({ from: 30 });
    expect(messages.map((message) => [message.text(), message.key])).toEqual([
      ["letter 1", "k1"],
      ["letter 0", "k0"],
      ["letter 2", "k2"],
    ]);
  });

  it("has no dead letters before the first one makes their topic", async () => {
    const topic = await newTopic(1);
    await topic.createScanner({ id: "w", ack: "explicit", deadLetter: `dead-${topic.name}` });
    const page = await open(topic, "?id=w");
    await page.getByRole("region", { name: "Dead letters" }).getByText("There are none.").waitFor();
  });

  it("deletes one when its id was typed", async () => {
    const topic = await newTopic(1);
    await topic.createScanner({ id: "old" });
    const page = await open(topic, "?id=old");
    await button(page, "Delete…").click();
    await page.getByLabel("Type the name of the scanner").fill("old");
    await button(page, "Delete it").click();
    await page.getByText("This topic has no scanners.").waitFor();
    expect(await topic.scanners()).toEqual([]);
  });

  it("draws a hundred of many, sorted and filtered", async () => {
    const topic = await newTopic(9);
    await Promise.all(
      Array.from({ length: 150 }, (_, at) => topic.createScanner({ id: `reader-${at}`, from: at % 10 })),
    );
    const page = await open(topic);
    await page.getByText("1 to 100 of 150 scanners").waitFor();
    await page.getByRole("button", { name: "Lag" }).click();
    await page.locator("tr[data-row]").first().getByText("reader-0", { exact: true }).waitFor();
    await page.getByLabel("Id holds").fill("-14");
    await page.getByText("11 scanners").waitFor();
  });
});
