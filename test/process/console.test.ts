/** The console as the built server gives it: its page, the files that the page names, and how large they are. */
import { expect, it, onTestFinished } from "vitest";
import { Api } from "../contract/api.ts";
import { type BuiltServer, builtServerForTest } from "../support/built-program.ts";
import { projectText } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const SCRIPT_BYTES = 120 * 1024;
/** What every browser asks for. */
const PACKED = { "accept-encoding": "gzip, deflate, br, zstd" };

function apiOf({ url }: BuiltServer): Api {
  const api = new Api(url);
  onTestFinished(() => api.disconnect());
  return api;
}

/** What a page, or a script, names. */
function namesIn(text: string, ending: string): string[] {
  return [...new Set(text.match(new RegExp(`[\\w-]+-[\\w-]{8}\\.${ending}`, "g")))];
}

it("the page names its script and its styles, which come packed, and at most 120 KiB of script", async () => {
  const api = apiOf(await builtServerForTest(temporaryFolder()));
  const page = await api.get("/-/console/");
  expect(page.status).toBe(200);
  const [styles = "", ...moreStyles] = namesIn(page.text, "css");
  expect(moreStyles).toEqual([]);
  expect((await api.get(`/-/console/${styles}`, { headers: PACKED })).headers).toMatchObject({
    "content-type": "text/css; charset=utf-8",
    "content-encoding": "br",
  });
  let sizeBytes = 0;
  const waiting = namesIn(page.text, "js");
  expect(waiting).toHaveLength(1);
  // A script may load others: all of them count, as if every page needed them.
  for (const name of waiting) {
    const { body, headers, status } = await api.get(`/-/console/${name}`, { headers: PACKED });
    expect([status, headers["content-encoding"]]).toEqual([200, "br"]);
    sizeBytes += body.length;
    const { text } = await api.get(`/-/console/${name}`);
    for (const other of namesIn(text, "js")) if (!waiting.includes(other)) waiting.push(other);
  }
  expect(sizeBytes).toBeGreaterThan(1024);
  expect(sizeBytes).toBeLessThanOrEqual(SCRIPT_BYTES);
});

it("the script and the styles name a file with the licenses of the packages that are bundled in them", async () => {
  const api = apiOf(await builtServerForTest(temporaryFolder()));
  const page = await api.get("/-/console/");
  const files = [...namesIn(page.text, "js"), ...namesIn(page.text, "css")];
  expect(files).toHaveLength(2);
  const named = new Set<string>();
  for (const name of files) {
    const { text } = await api.get(`/-/console/${name}`);
    for (const licenses of namesIn(text.slice(0, text.indexOf("*/")), "txt")) named.add(licenses);
  }
  expect([...named]).toHaveLength(1);
  const { headers, text } = await api.get(`/-/console/${[...named][0]}`);
  expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
  for (const name of ["hono", "uplot"]) {
    expect(text).toContain(`\n${name}\n\n${projectText(`node_modules/${name}/LICENSE`).trim()}\n`);
  }
});

it("a browser that opens the server's address comes to the console", async () => {
  const { url } = await builtServerForTest(temporaryFolder());
  const reply = await fetch(url, { headers: { accept: "text/html,*/*;q=0.8" } });
  expect(reply.url).toBe(`${url}/-/console/`);
  expect(await reply.text()).toContain("<title>netlog");
});

it.each([
  [["--no-console"], {}],
  [[], { NETLOG_NO_CONSOLE: "true" }],
])("there is none where it is turned off: %j %j", async (args, environment) => {
  const api = apiOf(await builtServerForTest(temporaryFolder(), args, { environment }));
  expect((await api.get("/-/console/")).status).toBe(404);
  expect((await api.get("/", { headers: { accept: "text/html" } })).json).toEqual([]);
});
