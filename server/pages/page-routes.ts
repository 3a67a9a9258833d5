/**
 * Pages for browsers, as a door serves them: one page, and the files that the build made for it. They need no token,
 * because they are the same for everybody; what they show, they get through the routes that every client has.
 */
import { randomBytes } from "node:crypto";
import { NO_SNIFF, NO_STORE, type PlainAnswer } from "../http/answer.ts";
import type { Handler } from "../http/door.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Route } from "../http/route-table.ts";
import { HttpError } from "../wire/errors.ts";
import { PageFiles } from "./files.ts";

const PAGE = "index.html";
const NONCE_BYTES = 16;

const TYPES: ReadonlyMap<string, string> = new Map([
  ["js", "text/javascript; charset=utf-8"],
  ["css", "text/css; charset=utf-8"],
  ["txt", "text/plain; charset=utf-8"],
]);

/** A file that is named by its hash is never another one. */
const IMMUTABLE: readonly string[] = ["Cache-Control", "public, max-age=31536000, immutable"];

/** No page of another site gets hold of these pages' window or files. */
const OWN: readonly string[] = [
  ...NO_SNIFF,
  "Cross-Origin-Opener-Policy",
  "same-origin",
  "Cross-Origin-Resource-Policy",
  "same-origin",
  "Referrer-Policy",
  "no-referrer",
];

export interface Pages {
  /** `/-/console`. The page is at this path with a slash behind it, and its files are below. */
  readonly path: string;
  /** Holds the files that the build makes. */
  readonly folder: string;
  /** What a refusal calls them: `the console`. */
  readonly name: string;
  /** Texts for the places that the page has for them: `{log}`. */
  readonly texts?: Readonly<Record<string, string>>;
}

export function pageRoutes(pages: Pages): Route[] {
  const { path } = pages;
  const files = new PageFiles(pages.folder);
  return [
    pageRoute(
      path,
      tellPlace(() => `${path.slice(path.lastIndexOf("/") + 1)}/`),
    ),
    pageRoute(`${path}/`, () => tellPage(files, pages)),
    pageRoute(`${path}/:file`, (exchange) => tellFile(exchange, files, pages)),
  ];
}

/** It takes any parameters: what a page shows stands in the URL. */
export function pageRoute(path: string, handle: Handler): Route {
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

/** `placeOf` gives a relative place, for the server may be behind a path of a proxy. */
export function tellPlace(placeOf: (exchange: Exchange) => string, more: readonly string[] = []): Handler {
  return (exchange) => {
    const headers = [...OWN, ...NO_STORE, ...more, "Location", placeOf(exchange), "Content-Length", "0"];
    return { kind: "plain", status: 303, headers, body: "" };
  };
}

async function tellPage(files: PageFiles, { name, texts = {} }: Pages): Promise<PlainAnswer> {
  const page = await files.read(PAGE);
  if (page === undefined) {
    const reason = `${name} is not built; run npm run build, and start the server again`;
    throw new HttpError("not_found", { reason });
  }
  const nonce = randomBytes(NONCE_BYTES).toString("base64");
  const given: Readonly<Record<string, string>> = { ...texts, nonce };
  const filled = page
    .toString()
    .replace(/\{(\w+)\}/g, (place, text: string) => escaped(given[text] ?? place));
  const body = Buffer.from(filled);
  const headers = [...NO_STORE, "Content-Security-Policy", policy(nonce)];
  return fileAnswer("text/html; charset=utf-8", body, headers);
}

/** As a part of an attribute in quotes. */
function escaped(text: string): string {
  return text.replace(/[&"<]/g, (character) => `&#${character.charCodeAt(0)};`);
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

async function tellFile(
  { target, request }: Exchange,
  files: PageFiles,
  { name: pages, path }: Pages,
): Promise<PlainAnswer> {
  const name = target.parts.at(-1) ?? "";
  const type = TYPES.get(name.slice(name.lastIndexOf(".") + 1));
  const file = await files.readPacked(name, request.header("accept-encoding"));
  if (type === undefined || file === undefined) {
    const reason = `${pages} has no such file; open ${path}/`;
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
