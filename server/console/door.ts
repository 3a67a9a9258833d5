/**
 * The door to the console: the files that show the server in a browser, under `/-/console/`. It needs no token, because
 * the files are the same for everybody and the pages ask for a token themselves; what they show, they get through the
 * routes that every client has.
 */
import { randomBytes } from "node:crypto";
import { NO_SNIFF, NO_STORE, type PlainAnswer } from "../http/answer.ts";
import type { Door, Found, Handler } from "../http/door.ts";
import { errorAnswer } from "../http/error-answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { allowOf, type Route, RouteTable } from "../http/route-table.ts";
import { HttpError } from "../wire/errors.ts";
import { ConsoleFiles } from "./files.ts";

const PAGE = "index.html";
const NONCE_BYTES = 16;

const TYPES: ReadonlyMap<string, string> = new Map([
  ["js", "text/javascript; charset=utf-8"],
  ["css", "text/css; charset=utf-8"],
  ["txt", "text/plain; charset=utf-8"],
]);

/** A file that is named by its hash is never another one. */
const IMMUTABLE: readonly string[] = ["Cache-Control", "public, max-age=31536000, immutable"];

/** No page of another site gets hold of the console's window or files. */
const OWN: readonly string[] = [
  ...NO_SNIFF,
  "Cross-Origin-Opener-Policy",
  "same-origin",
  "Cross-Origin-Resource-Policy",
  "same-origin",
  "Referrer-Policy",
  "no-referrer",
];

/** `folder` holds the files that the build makes. */
export function consoleDoor(folder: string): Door {
  const files = new ConsoleFiles(folder);
  const table = new RouteTable([
    route("/-/console", tellPlace("console/")),
    route("/-/console/", () => tellPage(files)),
    route("/-/console/:file", (exchange) => tellFile(exchange, files)),
  ]);
  return {
    allow: allowOf(table.resources),
    owns: (parts) => parts[0] === "-" && parts[1] === "console",
    find: ({ target }) => table.find(target.parts),
    topicNameOf: () => "",
    errorAnswer(exchange, error, headers) {
      const answer = errorAnswer(error, exchange.failureFields);
      answer.headers.push(...headers);
      return answer;
    },
  };
}

/** Sends a browser that asks for the list of topics to the console. */
export const TO_CONSOLE: Found = new RouteTable([
  route("/", tellPlace("-/console/", ["Vary", "Accept"])),
]).find([""]);

const HTML_FIRST = /^\s*text\/html\s*(?:[;,]|$)/i;

/** A browser asks for a page: HTML comes first in what it accepts. */
export function wantsConsole({ context, request }: Exchange): boolean {
  if (!context.hasConsole || (request.method !== "GET" && request.method !== "HEAD")) return false;
  return HTML_FIRST.test(request.header("accept") ?? "");
}

/** It takes any parameters: what the console shows stands in the URL. */
function route(path: string, handle: Handler): Route {
  const parameters = { names: [], ignoresOthers: "always", elsewhere: [] } as const;
  return {
    method: "GET",
    path,
    head: true,
    needs: "nothing",
    isOpenToLinks: true,
    handle,
    bodyLimit: undefined,
    parameters,
  };
}

/** `place` is relative, for the server may be behind a path of a proxy. */
function tellPlace(place: string, more: readonly string[] = []): Handler {
  return () => {
    const headers = [...OWN, ...NO_STORE, ...more, "Location", place, "Content-Length", "0"];
    return { kind: "plain", status: 303, headers, body: "" };
  };
}

async function tellPage(files: ConsoleFiles): Promise<PlainAnswer> {
  const page = await files.read(PAGE);
  if (page === undefined) {
    const reason = "the console is not built; run npm run build, and start the server again";
    throw new HttpError("not_found", { reason });
  }
  const nonce = randomBytes(NONCE_BYTES).toString("base64");
  const body = Buffer.from(page.toString().replace("{nonce}", nonce));
  const headers = [...NO_STORE, "Content-Security-Policy", policy(nonce)];
  return fileAnswer("text/html; charset=utf-8", body, headers);
}

/**
 * Scripts run by their nonce alone. The server's own origin is no better than any other: every payload comes from it, and
 * its type is the publisher's choice.
 */
function policy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}

async function tellFile({ target, request }: Exchange, files: ConsoleFiles): Promise<PlainAnswer> {
  const name = target.parts.at(-1) ?? "";
  const type = TYPES.get(name.slice(name.lastIndexOf(".") + 1));
  const file = await files.readPacked(name, request.header("accept-encoding"));
  if (type === undefined || file === undefined) {
    const reason = "the console has no such file; open /-/console/";
    throw new HttpError("not_found", { reason });
  }
  const headers = [...IMMUTABLE, "Vary", "Accept-Encoding"];
  if (file.coding !== undefined) headers.push("Content-Encoding", file.coding);
  return fileAnswer(type, file.bytes, headers);
}

function fileAnswer(type: string, body: Buffer, more: readonly string[]): PlainAnswer {
  const headers = [...OWN, ...more, "Content-Type", type, "Content-Length", String(body.length)];
  return { kind: "plain", status: 200, headers, body };
}
