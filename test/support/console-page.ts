/**
 * The console in a real browser: one Chromium for all files of a process, a server for a group of tests. Tests share a page,
 * one after the other: each finds it as a new one, but a renderer that is there already saves half of what an opening costs.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import {
  type Browser,
  type BrowserContextOptions,
  type ConsoleMessage,
  chromium,
  type Locator,
  type Page,
  type Request,
} from "playwright-core";
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
const WINDOW = { width: 1280, height: HEIGHT };

export interface ConsolePage {
  readonly page: Page;
  /** Every URL that the page asked for. */
  readonly requests: readonly string[];
  /** What the page logged as errors and did not catch. One that is left at the end of the test fails it. */
  readonly errors: string[];
}

export interface ConsoleBrowser {
  readonly isThere: boolean;
  /** Opens the console of the server at `hash`, such as `#/topics`. With options it has a page of its own. */
  open(serverUrl: string, hash: string, options?: BrowserContextOptions): Promise<ConsolePage>;
  /** Opens any page. */
  openUrl(url: string, options?: BrowserContextOptions): Promise<ConsolePage>;
}

/** To be called in a file's outermost scope. `what` is named where there is no browser, and the tests are skipped. */
export function consoleBrowser(what: string): ConsoleBrowser {
  const executablePath = findBrowser(what);
  const openUrl: ConsoleBrowser["openUrl"] = async (url, options) => {
    const browser = await runningBrowser(executablePath!);
    const page = options === undefined ? takeSharedPage() : undefined;
    return await openIn(page ?? (await newPage(browser, options)), url, options === undefined);
  };
  return {
    isThere: executablePath !== undefined,
    open: (serverUrl, hash, options) => openUrl(`${serverUrl}/-/console/${hash}`, options),
    openUrl,
  };
}

let launched: Promise<Browser> | undefined;
/** Where no test has it. */
let sharedPage: Page | undefined;

/** Playwright ends it with this process. */
async function runningBrowser(executablePath: string): Promise<Browser> {
  // A container has no user namespaces for Chromium's own sandbox.
  if (!(await launched)?.isConnected())
    launched = chromium.launch({ executablePath, args: ["--no-sandbox"] });
  return await launched!;
}

async function newPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: WINDOW, ...options });
  context.setDefaultTimeout(DEADLINE_MS);
  return await context.newPage();
}

function takeSharedPage(): Page | undefined {
  const page = sharedPage;
  sharedPage = undefined;
  return page?.isClosed() ? undefined : page;
}

/** Makes the page as a new one for the next test, unless it went where its tab may keep something: to another origin. */
async function shareOrClose(page: Page, mayBeShared: boolean): Promise<void> {
  const context = page.context();
  if (!mayBeShared || context.pages().length > 1 || sharedPage !== undefined) return await context.close();
  try {
    await page.evaluate("localStorage.clear(), sessionStorage.clear()");
    await page.unrouteAll();
    await context.clearCookies();
    await page.goto("about:blank");
    await page.setViewportSize(WINDOW);
    await page.emulateMedia({ colorScheme: null });
    await page.mouse.move(0, 0);
    sharedPage = page;
  } catch {
    // It shows an error of the browser's own, whose origin is no server's.
    await context.close();
  }
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

async function openIn(page: Page, url: string, mayBeShared: boolean): Promise<ConsolePage> {
  const requests: string[] = [];
  const errors: string[] = [];
  const origins = new Set<string>();
  const onRequest = (request: Request): void => {
    requests.push(request.url());
    if (request.isNavigationRequest()) origins.add(new URL(request.url()).origin);
  };
  const onError = (error: Error): void => void errors.push(String(error));
  const onConsole = (message: ConsoleMessage): void => {
    // A server that is away, and an answer of 4xx, are reported by the browser itself.
    const isOfNetwork = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isOfNetwork) errors.push(message.text());
  };
  page.on("request", onRequest).on("pageerror", onError).on("console", onConsole);
  onTestFinished(async () => {
    page.off("request", onRequest).off("pageerror", onError).off("console", onConsole);
    await shareOrClose(page, mayBeShared && origins.size === 1);
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
