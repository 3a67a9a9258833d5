/** Published scripts in a real browser, on pages of the server's own origin: none of them runs, however it is embedded. */
import { type Browser, chromium } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { findBrowser } from "../support/browser.ts";
import { builtServerForTest } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const executablePath = findBrowser("published scripts");

async function openBrowser(): Promise<Browser> {
  const options = {
    executablePath: executablePath!,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  };
  const browser = await within("the browser's start", chromium.launch(options));
  onTestFinished(() => browser.close());
  return browser;
}

/** A server whose topic `t` holds a script at 0, styles at 1, and a page at 2. */
async function serverWithPayloads(): Promise<string> {
  const { url } = await builtServerForTest(temporaryFolder());
  await fetch(`${url}/t`, { method: "POST" });
  const payloads = [
    ["text/javascript", "globalThis.hasRun = true; globalThis.postMessage?.('ran')"],
    ["text/css", "html { color: rgb(1, 2, 3) }"],
    ["text/html", "<script>parent.hasRun = true</script>"],
  ];
  for (const [type = "", body = ""] of payloads) {
    const headers = { "content-type": type };
    expect((await fetch(`${url}/t/payload`, { method: "POST", headers, body })).status).toBe(201);
  }
  return url;
}

/** The statuses with which GET of a route was answered so far. */
async function statusesOf(url: string, route: string): Promise<string[]> {
  const metrics = await (await fetch(`${url}/-/metrics`)).text();
  const start = `netlog_http_requests_total{route="${route}",method="GET",status="`;
  const lines = metrics.split("\n").filter((line) => line.startsWith(start));
  return lines.map((line) => line.slice(start.length, start.length + 3));
}

/** Embeds payloads in the page in every way there is, and resolves when each has come to its end. */
const EMBED_ALL = `(async () => {
  const script = "/t/payload/0";
  // Not every browser says of everything that it was refused.
  const end = (begin) => new Promise((resolve) => {
    setTimeout(resolve, 3000);
    try {
      begin(resolve);
    } catch {
      resolve();
    }
  });
  const embed = (tag, attributes) => end((resolve) => {
    const element = document.createElement(tag);
    element.onload = element.onerror = resolve;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    document.head.append(element);
  });
  const work = (make) => end((resolve) => {
    make().onerror = resolve;
  });
  await Promise.all([
    embed("script", { src: script }),
    embed("script", { src: script, type: "module" }),
    embed("script", { src: "/t/stream?follow=0&format=lines" }),
    embed("script", { src: "/t/batch?format=lines" }),
    embed("script", { src: "/-/streams/t?offset=-1" }),
    embed("link", { rel: "stylesheet", href: "/t/payload/1" }),
    embed("iframe", { src: "/t/payload/2" }),
    embed("embed", { src: "/t/payload/2" }),
    embed("object", { data: "/t/payload/2" }),
    end((resolve) => import(location.origin + script).then(resolve, resolve)),
    work(() => new Worker(script)),
    work(() => new SharedWorker(script)),
    end((resolve) => navigator.serviceWorker.register(script).then(resolve, resolve)),
  ]);
})()`;

describe.skipIf(executablePath === undefined)("a published script", () => {
  it("does not run on a page of the server's own origin, however the page embeds it", async () => {
    const url = await serverWithPayloads();
    const page = await (await openBrowser()).newPage();
    // This answer has no policy of its own: what keeps payloads out is the server's refusal.
    await page.goto(`${url}/-/openapi.json`);
    await within("the embedding", page.evaluate(EMBED_ALL));
    expect(await page.evaluate("'hasRun' in globalThis")).toBe(false);
    const color = await page.evaluate("getComputedStyle(document.documentElement).color");
    expect(color).not.toBe("rgb(1, 2, 3)");
    for (const route of [
      "/:topic/payload/:offset",
      "/:topic/stream",
      "/:topic/batch",
      "/-/streams/:stream",
    ]) {
      expect(await statusesOf(url, route), route).toEqual(["403"]);
    }
    // The page itself may read them.
    expect(await page.evaluate("fetch('/t/payload/0').then(({ status }) => status)")).toBe(200);
  });

  it("does not run on the console's page, which its policy keeps to its own script", async () => {
    const url = await serverWithPayloads();
    const page = await (await openBrowser()).newPage();
    const failures: string[] = [];
    page.on("pageerror", (error) => failures.push(error.message));
    await page.goto(`${url}/-/console/`);
    await within("the console", page.waitForSelector("#console > *"));
    expect(failures).toEqual([]);
    await within("the embedding", page.evaluate(EMBED_ALL));
    expect(await page.evaluate("'hasRun' in globalThis")).toBe(false);
    const inline = page.evaluate("document.body.innerHTML = '<img src=x onerror=hasRun=1>'");
    await expect(inline).rejects.toThrow("TrustedHTML");
  });
});
