/** Pages of another origin, in a real browser: refused, or let in where the server was told so. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { browse, findBrowser, Page } from "../support/browser.ts";
import { builtServerForTest, runProgram } from "../support/built-program.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const browser = findBrowser("pages of other origins");

/** Tries all that a page can, and tells of each try what came of it. */
function pageOf(closed: string, open: string, secured: string, token: string): string {
  return `<!doctype html><title>tries</title><script>
    const tell = (...words) => fetch("/told", { method: "POST", body: JSON.stringify(words) });
    const tried = async (name, url, init) => {
      let outcome = "refused";
      try {
        const { status, headers } = await fetch(url, init);
        outcome = [status, headers.get("x-netlog-error") ?? headers.get("x-offset")].join(" ");
      } catch {}
      await tell(name, outcome);
    };
    const listened = (name, url) => new Promise((resolve) => {
      const events = new EventSource(url);
      events.onopen = () => resolve("open");
      events.onerror = () => resolve(events.readyState === EventSource.CLOSED ? "closed" : "trying again");
    }).then((outcome) => tell(name, outcome));
    const post = { method: "POST", body: "from a page" };
    const bearer = { Authorization: "Bearer ${token}" };
    (async () => {
      await tried("simple post to closed", "${closed}/t/payload", post);
      await tried("blind post to closed", "${closed}/t/payload", { ...post, mode: "no-cors" });
      await tried("delete of closed", "${closed}/t?force=1", { method: "DELETE" });
      await tried("scan of closed", "${closed}/t/scan?id=s");
      await listened("events of closed", "${closed}/t/stream");
      await tried("post to open", "${open}/t/payload", post);
      await tried("typed post to open", "${open}/t/batch", {
        method: "POST", body: '["x"]', headers: { "Content-Type": "application/json" } });
      await tried("patch of open", "${open}/t", { method: "PATCH", body: '{"retention_size":1}' });
      await tried("error of open", "${open}/none");
      await listened("events of open", "${open}/t/stream");
      await tried("post to secured without token", "${secured}/t/payload", post);
      await tried("post to secured with token", "${secured}/t/payload", { ...post, headers: bearer });
      await tell("done");
    })();
  </script>`;
}

describe.skipIf(browser === undefined)("a page of another origin", () => {
  it("is kept out, or let in where --cors-origin names its origin", async () => {
    const folder = temporaryFolder();
    const page = new Page();
    const origin = await page.listen();
    const tokens = ["--token-file", join(folder, "tokens.json")];
    const made = await runProgram([
      "token",
      "create",
      "page",
      "--topics=t",
      "--rights=write,admin",
      ...tokens,
    ]);
    const token = made.stdout.trim();
    const cors = ["--cors-origin", origin];
    const closed = await builtServerForTest(join(folder, "closed"));
    const open = await builtServerForTest(join(folder, "open"), cors);
    const secured = await builtServerForTest(join(folder, "secured"), [...cors, ...tokens]);
    for (const { url } of [closed, open, secured]) {
      const headers = { authorization: `Bearer ${token}` };
      expect((await fetch(`${url}/t`, { method: "POST", headers })).status).toBe(201);
    }
    await fetch(`${closed.url}/t/payload`, { method: "POST", body: "not for pages" });
    await fetch(`${closed.url}/t/scanner?id=s&from=0`, { method: "POST" });

    page.html = pageOf(closed.url, open.url, secured.url, token);
    browse(browser!, origin, join(folder, "profile"));
    await page.toldOf("done", 1);
    expect(Object.fromEntries(page.told.map(([name, outcome]) => [name, outcome]))).toEqual({
      "simple post to closed": "refused",
      // The browser sends it and shows nothing of the answer.
      "blind post to closed": "0 ",
      "delete of closed": "refused",
      "scan of closed": "refused",
      "events of closed": "closed",
      "post to open": "201 0",
      "typed post to open": "201 1",
      "patch of open": "200 ",
      "error of open": "404 topic_not_found",
      "events of open": "open",
      "post to secured without token": "401 unauthorized",
      "post to secured with token": "201 0",
    });
    const info = (await (await fetch(`${closed.url}/t`)).json()) as { latest_offset: number };
    expect(info.latest_offset).toBe(0);
    expect(await (await fetch(`${closed.url}/t/scan?id=s`)).text()).toBe("not for pages");
  });
});
