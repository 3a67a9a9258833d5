/** How the body of many messages is cut: as `format=` says, else as its content type does. */
import { mediaTypeOf, NetlogError } from "../../lib/index.ts";
import type { Exchange } from "../http/exchange.ts";
import { HttpError } from "../wire/errors.ts";
import type { Parameters } from "../wire/parameters.ts";
import { FORMATS, type FormatName } from "./formats.ts";

const FORM = "application/x-www-form-urlencoded";

/**
 * The format of the body, one of `possible`. `untyped` is the format of a body without a type. Call this before the
 * topic is looked up, because a wrong type is the first error; `format=` is the parameters' turn.
 *
 * @throws unsupported_media_type.
 */
export function readBodyFormat(
  { request, target }: Exchange,
  possible: readonly FormatName[],
  untyped?: FormatName,
): FormatName | undefined {
  if (hasFormat(target.query)) return undefined;
  const mediaType = mediaTypeOf(request.header("content-type") ?? "");
  if (mediaType === "" && untyped !== undefined) return untyped;
  const format = FORMATS.find(({ name, mediaType: own }) => own === mediaType && possible.includes(name));
  if (format !== undefined) return format.name;
  const types = FORMATS.filter(({ name }) => possible.includes(name)).map((known) => known.mediaType);
  throw unsupported(
    `${trouble(mediaType)}: there are ${types.join(", ")}; or say format=${possible.join("|")}`,
  );
}

/** `format=` where it was given. @throws bad_request. */
export function formatParameter(
  parameters: Parameters,
  possible: readonly FormatName[],
): FormatName | undefined {
  const name = parameters.get("format");
  if (name === undefined) return undefined;
  const found = possible.find((known) => known === name.toLowerCase());
  if (found !== undefined) return found;
  throw new NetlogError("bad_request", { reason: `format takes ${possible.join(", ")}` });
}

/** Whether the parameter is there, in whatever state. */
function hasFormat(query: string): boolean {
  return /(?:^|&)format(?:[=&]|$)/.test(query);
}

function trouble(mediaType: string): string {
  if (mediaType === "") return "no Content-Type";
  return mediaType === FORM ? `${FORM}, which curl sends by default` : "this Content-Type";
}

function unsupported(reason: string): HttpError {
  return new HttpError("unsupported_media_type", { reason });
}
