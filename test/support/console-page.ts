/** The console in a real browser: one Chromium for the tests of a file, a server for those of a group, a page for each. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { NetlogClient } from "../../lib/client/index.ts";
import { findBrowser } from "./browser.ts";
import { type BuiltServer, startBuiltServer } from "./built-program.ts";
import { PROJECT_ROOT } from "./project-files.ts";

/** Nothing on a page takes so long, unless it hangs. */
const DEADLINE_MS = 30_000;
const WIDTHS = [360, 768, 1280] as const;
const SCHEMES = ["light", "dark"] as const;
/** The two ends of them, where no pictures are wanted. */
const ENDS: ReadonlySet<string> = new Set(["light-360", "dark-1280"]);
const HEIGHT = 800;

export interface ConsolePage {
  readonly page: Page;
  /** Every URL that the page asked for. */
  readonly requests: readonly string[];
  /** What the page logged as errors and did not catch. One that is left at the end of the test fails it. */
  readonly errors: string[];
}

export interface ConsoleBrowser {
  readonly isThere: boolean;
  /** Opens the console of the server at `hash`, such as `#/topics`. */
  open(serverUrl: string, hash: string, options?: Parameters<Browser["newContext"]>[0]): Promise<ConsolePage>;
  /** Opens any page. */
  openUrl(url: string, options?: Parameters<Browser["newContext"]>[0]): Promise<ConsolePage>;
}

/** To be called in a file's outermost scope. `what` is named where there is no browser, and the tests are skipped. */
export function consoleBrowser(what: string): ConsoleBrowser {
  const executablePath = findBrowser(what);
  let browser: Browser;
  beforeAll(async () => {
    if (executablePath === undefined) return;
    // A container has no user namespaces for Chromium's own sandbox.
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
  });
  const openUrl: ConsoleBrowser["openUrl"] = async (url, options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: HEIGHT }, ...options });
    return await openIn(context, url);
  };
  return {
    isThere: executablePath !== undefined,
    open: (serverUrl, hash, options) => openUrl(`${serverUrl}/-/console/${hash}`, options),
    openUrl,
  };
}

/** A built server that the tests of a `describe` share. What it is holds from the first test on. */
export interface SharedServer {
  readonly url: string;
  readonly client: NetlogClient;
  /** Where it keeps its topics. */
  readonly folder: string;
}

/** To be called within the `describe`; `prepare` runs once, before its tests. */
export function sharedServer(prepare?: (client: NetlogClient) => Promise<void>): SharedServer {
  let server: BuiltServer;
  const shared = { url: "", client: new NetlogClient("http://localhost"), folder: "" };
  beforeAll(async () => {
    shared.folder = mkdtempSync(join(tmpdir(), "netlog-test-"));
    server = await startBuiltServer(shared.folder);
    shared.url = server.url;
    shared.client = new NetlogClient(server.url);
    await prepare?.(shared.client);
  });
  afterAll(async () => {
    await server?.kill();
    rmSync(shared.folder, { recursive: true, force: true });
  });
  return shared;
}

/** The button of this very name. */
export function button(within: Page | Locator, name: string): Locator {
  return within.getByRole("button", { name, exact: true });
}

async function openIn(context: BrowserContext, url: string): Promise<ConsolePage> {
  context.setDefaultTimeout(DEADLINE_MS);
  const page = await context.newPage();
  const requests: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    // A server that is away, and an answer of 4xx, are reported by the browser itself.
    const isOfNetwork = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isOfNetwork) errors.push(message.text());
  });
  onTestFinished(async () => {
    await context.close();
    expect(errors).toEqual([]);
  });
  await page.goto(url);
  return { page, requests, errors };
}

/**
 * Looks at the page: axe finds nothing, and nothing is wider than the window. With `$CONSOLE_SCREENSHOTS`, a folder, it
 * does so in light and dark at three widths, and keeps a picture of each there.
 */
export async function lookAtAllSizes(page: Page, name: string): Promise<void> {
  const folder = process.env.CONSOLE_SCREENSHOTS;
  if (folder !== undefined) mkdirSync(join(PROJECT_ROOT, folder), { recursive: true });
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      if (folder === undefined && !ENDS.has(`${colorScheme}-${width}`)) continue;
      await page.setViewportSize({ width, height: HEIGHT });
      const what = `${name}-${colorScheme}-${width}`;
      expect(await violations(page), what).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth"), what).toBeLessThanOrEqual(width);
      if (folder !== undefined) await page.screenshot({ path: join(PROJECT_ROOT, folder, `${what}.png`) });
    }
  }
}

async function violations(page: Page): Promise<string[]> {
  // It stays until the page is loaded anew, and nothing but violations is looked at in full.
  if (await page.evaluate("window.axe === undefined")) await page.evaluate(axe.source);
  const run = 'axe.run({ resultTypes: ["violations"] })';
  const found = await page.evaluate(`${run}.then(({ violations }) => violations)`);
  return (found as { id: string; nodes: { html: string; failureSummary: string }[] }[]).flatMap(
    ({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`),
  );
}
