/** The console's page of the server itself, in a real browser against the built server. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NetlogClient } from "../../lib/client/index.ts";
import { builtServerForTest, startBuiltServer } from "../support/built-program.ts";
import { consoleBrowser, lookAtAllSizes } from "../support/console-page.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const browser = consoleBrowser("the console's page of the server");

describe.skipIf(!browser.isThere)("the page of the server", () => {
  it("shows what runs, how quick its disk is, its limits, and topics that it cannot serve", async () => {
    const folder = temporaryFolder();
    const before = await startBuiltServer(folder);
    const client = new NetlogClient(before.url);
    await client.createTopic("broken");
    await before.stop();
    rmSync(join(folder, "broken", "00000000000000000000.data"));
    const server = await builtServerForTest(folder, ["--max-connections", "123"]);
    const topic = await new NetlogClient(server.url).createTopic("orders");
    for (let i = 0; i < 3; i++) await topic.publish("one");
    const { page } = await browser.open(server.url, "#/server");
    const failed = page.getByRole("region", { name: "Failed topics" }).first();
    await failed.getByText("there is no data file in its folder").waitFor();
    const limits = page.getByRole("region", { name: "Limits" }).first();
    await limits.getByRole("row").filter({ hasText: "--max-connections" }).getByText("123").waitFor();
    await page
      .getByRole("region", { name: "Syncs to the disk" })
      .getByText(/syncs, half of them ≤/)
      .waitFor();
    await page.getByText("3 commits, half of them ≤ 1").waitFor();
    const { version } = await new NetlogClient(server.url).version();
    expect(await page.locator("dl.figures").textContent()).toContain(version);
    await lookAtAllSizes(page, "server");
  });

  it("says at once that the server is gone, keeps what it showed, and goes on when it is back", async () => {
    const folder = temporaryFolder();
    const before = await startBuiltServer(folder);
    await new NetlogClient(before.url).createTopic("t");
    const { page } = await browser.open(before.url, "#/server");
    const topics = page.locator("dl.figures div").filter({ hasText: /^topics/ });
    await topics.getByText("1", { exact: true }).waitFor();
    await before.kill();
    const gone = page.getByRole("status").filter({ hasText: "server gone" });
    await gone.waitFor();
    await topics.getByText("1", { exact: true }).waitFor();
    const after = await builtServerForTest(folder, ["-listen", `127.0.0.1:${before.port}`]);
    await new NetlogClient(after.url).createTopic("u");
    await gone.waitFor({ state: "detached" });
    await topics.getByText("2", { exact: true }).waitFor();
  });
});
