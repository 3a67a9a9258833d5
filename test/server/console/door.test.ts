/** How the console is served. Its files are stand-ins; test/process/console.test.ts has those of the build. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Api, Method, Reply } from "../../contract/api.ts";
import { expectError } from "../../contract/expect-error.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { testToken } from "../auth/tokens-fixture.ts";
import { serverForTest } from "../server-fixture.ts";

const BROWSER_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
/** What a browser sends when its user follows a link on a page of another site. */
const FOLLOWED_LINK = {
  "sec-fetch-site": "cross-site",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
} as const;

const FILES: Readonly<Record<string, string>> = {
  "index.html": '<script src="main-1.js" nonce="{nonce}"></script>',
  "main-1.js": "as it is",
  "main-1.js.br": "as brotli",
  "main-1.js.gz": "as gzip",
  "main-2.css": "styles",
};

function consoleFolder(): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  return folder;
}

async function served(tokens?: readonly [ReturnType<typeof testToken>]): Promise<Api> {
  const records = tokens?.map(({ record }) => record);
  return (await serverForTest({ server: { consoleFolder: consoleFolder(), tokens: records } })).api;
}

function policyOf(reply: Reply): string {
  return reply.headers["content-security-policy"] as string;
}

describe("the page", () => {
  it("runs scripts by a nonce alone, another one in each answer", async () => {
    const api = await served();
    const nonces = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const reply = await api.get("/-/console/");
      const [, nonce = ""] = /nonce="([A-Za-z0-9+/=]{24})"/.exec(reply.text) ?? [];
      expect(policyOf(reply)).toBe(
        `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self'; img-src 'self' data:; ` +
          "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
          "require-trusted-types-for 'script'",
      );
      nonces.add(nonce);
    }
    expect(nonces.size).toBe(3);
  });

  it("is stored by no cache, and sniffed by no browser", async () => {
    const { headers, status } = await (await served()).get("/-/console/");
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
  });

  it("is the same whatever stands behind ? in its URL", async () => {
    const api = await served();
    for (const query of ["?topic=orders", "?a&a&%zz", "?script=%3Cscript%3E"]) {
      const reply = await api.get(`/-/console/${query}`);
      expect(reply.status, query).toBe(200);
      expect(reply.text.length).toBe((await api.get("/-/console/")).text.length);
    }
  });

  it("is found without the slash at the end of its path", async () => {
    const reply = await (await served()).get("/-/console");
    expect([reply.status, reply.headers.location]).toEqual([303, "console/"]);
  });
});

describe("a file of the page", () => {
  it.each([
    [undefined, undefined, "as it is"],
    ["", undefined, "as it is"],
    ["gzip", "gzip", "as gzip"],
    ["gzip, deflate, br, zstd", "br", "as brotli"],
    ["BR;q=0.1, gzip", "br", "as brotli"],
    ["br;q=0, gzip", "gzip", "as gzip"],
    ["br;q=0.000, gzip;q=0.0", undefined, "as it is"],
    ["*", "br", "as brotli"],
    ["br;q=0, *", "gzip", "as gzip"],
    ["*;q=0", undefined, "as it is"],
    ["brotli, x-gzip", undefined, "as it is"],
  ])("comes packed as Accept-Encoding allows: %j", async (accept, coding, text) => {
    const headers = accept === undefined ? {} : { "accept-encoding": accept };
    const reply = await (await served()).get("/-/console/main-1.js", { headers });
    expect(reply.text).toBe(text);
    expect(reply.headers["content-encoding"]).toBe(coding);
    expect(reply.headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      vary: "Accept-Encoding",
    });
  });

  it("that the build did not pack comes as it is", async () => {
    const reply = await (await served()).get("/-/console/main-2.css", {
      headers: { "accept-encoding": "br" },
    });
    expect([reply.text, reply.headers["content-encoding"]]).toEqual(["styles", undefined]);
    expect(reply.headers["content-type"]).toBe("text/css; charset=utf-8");
  });

  it.each([
    "index.html",
    "main-1.js.br",
    "main-1",
    "main-3.js",
    "main-1.js/",
    "..%2fdoor.js",
    "%2e%2e/door.js",
    ".js",
    "__proto__",
    "toString.js",
  ])("is none of another name: %s", async (name) => {
    expectError(await (await served()).get(`/-/console/${name}`), "not found");
  });

  it("is read when it is first asked for, and kept", async () => {
    const folder = consoleFolder();
    const { api } = await serverForTest({ server: { consoleFolder: folder } });
    writeFileSync(join(folder, "main-1.js"), "changed before");
    expect((await api.get("/-/console/main-1.js")).text).toBe("changed before");
    rmSync(join(folder, "main-1.js"));
    expect((await api.get("/-/console/main-1.js")).text).toBe("changed before");
  });
});

it("a console that is not built says so, and is there once it is", async () => {
  const folder = join(temporaryFolder(), "files");
  expect(existsSync(folder)).toBe(false);
  const { api } = await serverForTest({ server: { consoleFolder: folder } });
  expect(expectError(await api.get("/-/console/"), "not found")).toContain("npm run build");
});

it("HEAD is as GET without the body, and other methods are none", async () => {
  const api = await served();
  for (const path of ["/-/console/", "/-/console/main-1.js", "/-/console"]) {
    const [get, head] = [await api.get(path), await api.call("HEAD", path)];
    expect([head.status, head.text]).toEqual([get.status, ""]);
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
    for (const method of ["POST", "PUT", "DELETE", "PATCH"] as Method[]) {
      expectError(await api.call(method, path), "method not allowed");
    }
    expect((await api.call("OPTIONS", path)).headers.allow).toBe("GET, HEAD, OPTIONS");
  }
});

describe("GET /", () => {
  it.each([BROWSER_ACCEPT, "text/html", "TEXT/HTML;q=0.9, */*", " text/html , application/json"])(
    "sends a browser to the console, before any token: %j",
    async (accept) => {
      const api = await served([testToken(["*"], ["read"])]);
      for (const method of ["GET", "HEAD"] as const) {
        const reply = await api.call(method, "/", { headers: { accept } });
        expect([reply.status, reply.headers.location, reply.text]).toEqual([303, "-/console/", ""]);
        expect(reply.headers).toMatchObject({ vary: "Accept", "cache-control": "no-store" });
      }
    },
  );

  it.each([undefined, "*/*", "application/json", "application/json, text/html", "text/htmlx", "text/*"])(
    "lists the topics for everything else, as ever: %j",
    async (accept) => {
      const withConsole = await served();
      const { api: without } = await serverForTest();
      const headers = accept === undefined ? {} : { accept };
      const [reply, before] = [await withConsole.get("/", { headers }), await without.get("/", { headers })];
      expect([reply.status, reply.text]).toEqual([200, "[]\n"]);
      expect({ ...reply.headers, date: "" }).toEqual({ ...before.headers, date: "" });
    },
  );

  it("with another path, or another method, is nothing to the console", async () => {
    const api = await served();
    const headers = { accept: BROWSER_ACCEPT };
    expect((await api.get("/-/health", { headers })).status).toBe(200);
    expectError(await api.get("/orders", { headers }), "topic not found");
    expectError(await api.call("POST", "/", { headers }), "method not allowed");
    expect((await api.call("OPTIONS", "/", { headers })).status).toBe(204);
  });
});

it("without a console everything is as it was", async () => {
  const { api } = await serverForTest();
  expect((await api.get("/", { headers: { accept: BROWSER_ACCEPT } })).json).toEqual([]);
  for (const path of ["/-/console", "/-/console/", "/-/console/main-1.js"]) {
    expectError(await api.get(path), "not found");
  }
});

describe("a link on a page of another site", () => {
  const paths = ["/-/console/", "/-/console", "/-/console/main-1.js", "/"];

  it.each(["cross-site", "same-site"])("opens the console, and needs no token: %s", async (site) => {
    const api = await served([testToken(["*"], ["read"])]);
    for (const path of paths) {
      const headers = { ...FOLLOWED_LINK, "sec-fetch-site": site, accept: BROWSER_ACCEPT };
      expect((await api.get(path, { headers })).status, path).toBeLessThan(400);
    }
  });

  it("opens nothing else", async () => {
    const api = await served();
    await api.post("/t");
    await api.publish("t", "x");
    for (const path of ["/t", "/t/payload/0", "/t/batch", "/-/metrics", "/-/topics", "/-/openapi.json"]) {
      expectError(await api.get(path, { headers: FOLLOWED_LINK }), "forbidden");
    }
    expectError(await api.get("/", { headers: FOLLOWED_LINK }), "forbidden");
  });

  it.each([
    { "sec-fetch-dest": "iframe" },
    { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script" },
    { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
    { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "document" },
    { origin: "https://elsewhere.example" },
    { host: "elsewhere.example" },
  ])("does not let that page use the console: %j", async (more) => {
    const api = await served();
    for (const path of paths) {
      const headers = { ...FOLLOWED_LINK, accept: BROWSER_ACCEPT, ...more };
      expectError(await api.get(path, { headers }), "forbidden");
    }
  });
});
