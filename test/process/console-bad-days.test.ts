/** What the console's page of messages shows on bad days: hostile, huge and broken payloads, and topics that go. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { NetlogClient, type NewMessage, type Topic } from "../../lib/client/index.ts";
import { type TestToken, testToken } from "../server/auth/tokens-fixture.ts";
import { builtServerForTest } from "../support/built-program.ts";
import { button, type ConsolePage, consoleBrowser, sharedServer } from "../support/console-page.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const browser = consoleBrowser("the console's bad days");

const payload = (page: Page): Locator => page.getByRole("region", { name: "Payload as" });

/** Far fewer elements than any of these payloads has lines. */
const MOST_ELEMENTS = 1500;
const codeOf = ({ code }: { readonly code: string }): string => code;
const elementsOf = (page: Page): Promise<number> => page.locator("*").count();

describe.skipIf(!browser.isThere)("the page of messages on bad days", () => {
  const server = sharedServer();
  let number = 0;

  const opened = async (message: NewMessage): Promise<ConsolePage & { readonly topic: Topic }> => {
    number++;
    const topic = await server.client.createTopic(`bad-${number}`, { durability: "written" });
    const { payload: bytes, ...fields } = message;
    await topic.publish(bytes, fields);
    const opening = await browser.open(server.url, `#/topics/${topic.name}/messages?at=0`);
    await payload(opening.page).waitFor();
    return { ...opening, topic };
  };

  it("runs and fetches nothing of HTML, script and links, in any part of a message", async () => {
    const evil = "https://evil.example/x";
    const attack = `<script>document.title="ran"</script><img src="${evil}" onerror="document.title='ran'"><svg onload="document.title='ran'"><style>@import "${evil}"</style><a href="javascript:document.title='ran'">a</a>`;
    const message = {
      payload: attack,
      key: attack,
      contentType: "text/html",
      headers: { "x-meta-a": attack },
    };
    const { page, requests } = await opened(message);
    for (const name of ["Text", "Hex", "Text"]) await button(page, name).click();
    await payload(page).getByText("document.title").first().waitFor();
    await button(page, "Publish once more…").click();
    await page.getByRole("form", { name: "Publish a message" }).waitFor();
    expect(await page.title()).toMatch(/netlog$/);
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
    expect(await page.locator("main :is(img, svg image, iframe, object, embed, style, script)").count()).toBe(
      0,
    );
    expect(await page.locator('a[href^="javascript:"]').count()).toBe(0);
  });

  it("runs nothing of a script that the same origin serves as one", async () => {
    const script = { payload: "document.title='ran'", contentType: "text/javascript" };
    const { page, topic, errors } = await opened(script);
    const refused = await page.evaluate(
      `new Promise((resolve) => {
        const script = document.createElement("script");
        script.addEventListener("error", () => resolve("refused"));
        script.addEventListener("load", () => resolve("ran"));
        try {
          script.src = ${JSON.stringify(`${server.url}/${topic.name}/payload/0`)};
          document.head.append(script);
        } catch (error) {
          resolve("refused");
        }
      })`,
    );
    expect(refused).toBe("refused");
    expect(errors.splice(0).join()).toContain("TrustedScriptURL");
    expect(await page.title()).not.toBe("ran");
  });

  it("shows a CR, other control characters and turned text as marks", async () => {
    const { page } = await opened({ payload: "safe\rEVIL \u202egnp.exe \0 end" });
    await payload(page).getByText("safe\\rEVIL \\u202egnp.exe \\0 end").waitFor();
  });

  it("shows ten thousand columns within the width of the page", async () => {
    const line = Array.from({ length: 1000 }, (_, i) => `column${String(i).padStart(4, "0")}`).join("");
    const { page } = await opened({ payload: line });
    await payload(page).getByText("column0000").waitFor();
    await payload(page).evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await payload(page).getByText("column0999").waitFor();
    expect(await payload(page).evaluate((box) => box.scrollWidth <= box.clientWidth)).toBe(true);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  });

  it("shows binary as hex, and as text says what cannot be read", async () => {
    const { page } = await opened({ payload: Uint8Array.from({ length: 1000 }, (_, i) => (i * 37) % 256) });
    await payload(page).getByText("00 25 4a 6f 94 b9 de 03").first().waitFor();
    await button(page, "Text").click();
    await page.getByText("These bytes are not UTF-8").waitFor();
    expect(await button(page, "JSON").isDisabled()).toBe(true);
  });

  it("stays quick with 16 MiB: of JSON, of text and in hex it draws what is in sight", async () => {
    const item = (i: number): object => ({
      number: i,
      name: `item ${i}`,
      list: [i, i + 1, i + 2],
      in: { depth: 1 },
    });
    const items: string[] = [];
    let length = 2;
    for (let i = 0; length < 15.9 * 1024 * 1024; i++) {
      const text = JSON.stringify(item(i));
      items.push(text);
      length += text.length + 1;
    }
    const { page } = await opened({ payload: `[${items.join(",")}]`, contentType: "application/json" });
    await payload(page).getByText('"item 3"').first().waitFor();
    expect(await elementsOf(page)).toBeLessThan(MOST_ELEMENTS);
    await payload(page).getByRole("button", { name: "Open the element" }).nth(2).click();
    await payload(page).getByText('{"depth":1}', { exact: true }).waitFor();
    await payload(page).evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await payload(page)
      .getByRole("button", { name: /^Show more/ })
      .click();
    await button(page, "Text").click();
    await payload(page).getByText('[{"number":0,').waitFor();
    await payload(page).evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await payload(page)
      .getByText(`item ${items.length - 1}`)
      .waitFor();
    await button(page, "Hex").click();
    await payload(page).evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await payload(page)
      .getByText(((length - 2) & ~15).toString(16).padStart(8, "0"))
      .waitFor();
    expect(await elementsOf(page)).toBeLessThan(MOST_ELEMENTS);
  });

  it("keeps what it has read when the topic is deleted, and says so", async () => {
    const { page, topic } = await opened({ payload: "the only one" });
    const row = page.getByRole("option").filter({ hasText: "the only one" });
    // The list and the message in full are read apart, and either may come first.
    await row.waitFor();
    await topic.delete();
    await page.getByRole("alert").filter({ hasText: "no such topic" }).first().waitFor();
    await payload(page).getByText("the only one").waitFor();
    await row.waitFor();
  });

  it("says why there is no such message", async () => {
    const { page, topic } = await opened({ payload: "the only one" });
    const messages = `${server.url}/-/console/#/topics/${topic.name}/messages`;
    await page.goto(`${messages}?at=1`);
    await page.getByText("There is no such message yet").waitFor();
    await page.goto(`${server.url}/-/console/#/topics/no-such-topic/messages`);
    await page.getByRole("alert").filter({ hasText: "no such topic" }).waitFor();
  });

  it("ends at the end of a closed topic, and says that it does", async () => {
    const { page, topic } = await opened({ payload: "the last one" });
    await topic.close();
    await page.getByText("The topic is closed, and this is its end").waitFor();
  });

  it("takes another token when one is revoked, and keeps the message that is being written", async () => {
    const file = join(temporaryFolder(), "tokens.json");
    const [before, after] = [
      testToken(["*"], ["read", "write", "admin"]),
      testToken(["*"], ["read", "write"]),
    ];
    const give = ({ record }: TestToken): void => writeFileSync(file, JSON.stringify({ tokens: [record] }));
    give(before);
    const guarded = await builtServerForTest(temporaryFolder(), ["--token-file", file]);
    const topic = await new NetlogClient(guarded.url, { token: before.token }).createTopic("t");
    const { page } = await browser.open(guarded.url, "#/topics/t/messages");
    const field = page.getByRole("textbox", { name: "Token" });
    const signIn = async ({ token }: TestToken): Promise<void> => {
      // It has the focus a moment after it appears.
      await expect.poll(() => field.and(page.locator(":focus")).count()).toBe(1);
      await page.keyboard.type(token);
      await page.keyboard.press("Enter");
    };
    await signIn(before);
    await button(page, "Publish…").click();
    await page.getByLabel("Payload").fill("long thought of");
    give(after);
    guarded.signal("SIGHUP");
    await expect.poll(() => topic.info().then(() => "", codeOf)).toBe("unauthorized");
    // Where the page itself was refused before, it asks for the token already.
    await button(page, "Publish").or(field).click();
    await signIn(after);
    await button(page, "Publish").click();
    await page.getByText("Stored as").waitFor();
    const { payload: stored } = await new NetlogClient(guarded.url, { token: after.token })
      .topic("t")
      .read(0);
    expect(new TextDecoder().decode(stored)).toBe("long thought of");
  });
});
