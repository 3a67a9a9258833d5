/** Messages in a real browser: its cache must not outlive the topic, and it runs nothing of a payload. */
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

/** What is opened as a document tells the page around it. */
const RUNNING = `<!doctype html><script>parent.postMessage("it runs", "*")</script><p>opened</p>`;

describe.skipIf(browser === undefined)("a browser that opens messages", () => {
  it("reads JSON with its type and key, and runs nothing of an HTML payload", async () => {
    const page = new Page();
    const origin = await page.listen();
    const data = join(temporaryFolder(), "data");
    const server = await startServing(["-listen", "127.0.0.1:0", "-dir", data, "--cors-origin", origin]);
    onTestFinished(async () => {
      await server.kill();
    });
    const topic = `${server.url}/t`;
    const post = async (url: string, body = "", headers = {}): Promise<void> => {
      expect((await fetch(url, { method: "POST", body, headers })).status).toBe(201);
    };
    await post(topic);
    const typed = { "content-type": "application/json", "x-key": "user%201", "x-meta-page": "start" };
    await post(`${topic}/payload`, '{"ms":41}', typed);
    await post(`${topic}/payload`, RUNNING, { "content-type": "text/html" });
    page.html = `<!doctype html><title>messages</title><script type="module">
      const tell = (...things) => fetch("/told", { method: "POST", body: JSON.stringify(things.map(String)) });
      const opened = (attribute, value) => new Promise((resolve) => {
        let ran = "it runs nothing";
        addEventListener("message", ({ data }) => { ran = data; });
        const frame = document.createElement("iframe");
        frame[attribute] = value;
        frame.addEventListener("load", () => setTimeout(() => resolve(ran)));
        document.body.append(frame);
      });
      const answer = await fetch("${topic}/payload/0");
      const [type, key, meta] = ["content-type", "x-key", "x-meta-page"].map((name) => answer.headers.get(name));
      await tell("json", type, key, meta, (await answer.json()).ms);
      await tell("payload", await opened("src", "${topic}/payload/1"));
      await tell("control", await opened("srcdoc", ${JSON.stringify(RUNNING).replaceAll("<", "\\u003c")}));
    </script><body></body>`;
    browse(browser!, origin, join(temporaryFolder(), "profile"));
    await page.toldOf("control", 1);
    expect(page.told).toEqual([
      ["json", "application/json", "user%201", "start", "41"],
      ["payload", "it runs nothing"],
      ["control", "it runs"],
    ]);
  });
});
