/** Messages by their number in a real browser, whose cache must not outlive the topic. */
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { browse, findBrowser, Page } from "../support/browser.ts";
import { startServing } from "../support/built-program.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const browser = findBrowser("messages that a browser keeps");

/** Reads a message, and again whenever the page's own server says so; tells its text. */
function pageOf(payloadUrl: string): string {
  return `<!doctype html><title>payload</title><script>
    const say = async (...things) =>
      await (await fetch("/told", { method: "POST", body: JSON.stringify(things.map(String)) })).text();
    let wanted = "read 1";
    let done = "";
    setInterval(async () => {
      if (done === wanted) {
        wanted = (await say("alive")) || wanted;
        return;
      }
      done = wanted;
      const answer = await fetch(${JSON.stringify(payloadUrl)});
      await say("text", await answer.text());
    }, 50);
  </script>`;
}

describe.skipIf(browser === undefined)("a browser that keeps messages", () => {
  it("asks again each time, and shows no message of a topic that was deleted and made again", async () => {
    const folder = temporaryFolder();
    const page = new Page();
    const origin = await page.listen();
    const data = join(folder, "data");
    const server = await startServing(["-listen", "127.0.0.1:0", "-dir", data, "--cors-origin", origin]);
    onTestFinished(async () => {
      await server.kill();
    });
    const post = async (path: string, body = ""): Promise<void> => {
      expect((await fetch(`${server.url}${path}`, { method: "POST", body })).status).toBe(201);
    };
    /** Answers to reads of the message, by status, from the server's own figures. */
    const reads = async (status: number): Promise<number> => {
      const metrics = await (await fetch(`${server.url}/-/metrics`)).text();
      const line = metrics
        .split("\n")
        .find((each) => each.includes('"/:topic/payload/:offset') && each.includes(`status="${status}"`));
      return Number(line?.split(" ").at(-1) ?? 0);
    };
    await post("/t");
    await post("/t/payload", "old");
    page.html = pageOf(`${server.url}/t/payload/0`);
    browse(browser!, origin, join(folder, "profile"));
    await page.toldOf("text", 1);
    page.answer = "read 2";
    await page.toldOf("text", 2);
    expect([await reads(200), await reads(304)]).toEqual([1, 1]);

    expect((await fetch(`${server.url}/t`, { method: "DELETE" })).status).toBe(200);
    await post("/t");
    await post("/t/payload", "new");
    page.answer = "read 3";
    await page.toldOf("text", 3);
    expect(page.of("text")).toEqual([["old"], ["old"], ["new"]]);
    expect([await reads(200), await reads(304)]).toEqual([2, 1]);
  });
});
