/** Which format an answer has: `format=` says it, or else Accept (RFC 9110, 12.5.1). */
import { NetlogError } from "../../lib/index.ts";
import { HttpError } from "../wire/errors.ts";
import type { Parameters } from "../wire/parameters.ts";
import { FORMATS, type Format, type FormatName } from "./formats.ts";

interface MediaRange {
  /** In lower case; either may be `*`. */
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
}

/** How well a format fits: what is asked for more precisely counts more, where the client likes both as much. */
interface Fit {
  readonly quality: number;
  readonly precision: number;
}

const NO_FIT: Fit = { quality: 0, precision: 0 };
const OUT_NAMES = FORMATS.filter(({ isOut }) => isOut).map(({ name }) => name);

/** What `format=` says; `undefined` when it is absent. @throws bad_request for a format that there is not. */
export function readFormatName(parameters: Parameters): FormatName | undefined {
  const text = parameters.get("format");
  if (text === undefined) return undefined;
  const name = OUT_NAMES.find((each) => each === text.toLowerCase());
  if (name !== undefined) return name;
  throw new NetlogError("bad_request", { reason: `format takes ${OUT_NAMES.join(", ")}` });
}

/**
 * The format among `possible` that `named` or the Accept header ask for; the first in the table when the client
 * leaves it open.
 *
 * @throws HttpError not_acceptable.
 */
export function negotiate(
  named: FormatName | undefined,
  accept: string | undefined,
  possible: readonly FormatName[],
): Format {
  const formats = FORMATS.filter(({ name }) => possible.includes(name));
  const format = named === undefined ? bestOf(formats, accept) : formats.find(({ name }) => name === named);
  if (format !== undefined) return format;
  const list = formats.map(({ name, mediaType }) => `${name} (${mediaType})`).join(", ");
  throw new HttpError("not_acceptable", { reason: `possible here: ${list}` });
}

function bestOf(formats: readonly Format[], accept: string | undefined): Format | undefined {
  if (accept === undefined || accept.trim() === "") return formats[0];
  const ranges = accept.split(",").flatMap((text) => parseRange(text) ?? []);
  let best: Format | undefined;
  let bestFit = NO_FIT;
  for (const format of formats) {
    const fit = fitOf(format.mediaType, ranges);
    const isBetter =
      fit.quality > bestFit.quality || (fit.quality === bestFit.quality && fit.precision > bestFit.precision);
    if (fit.quality === 0 || !isBetter) continue;
    best = format;
    bestFit = fit;
  }
  return best;
}

/** The most precise range that names the type decides. */
function fitOf(mediaType: string, ranges: readonly MediaRange[]): Fit {
  const [type, subtype] = mediaType.split("/");
  let fit = NO_FIT;
  for (const range of ranges) {
    if (range.type !== "*" && range.type !== type) continue;
    if (range.subtype !== "*" && range.subtype !== subtype) continue;
    const precision = 1 + (range.type === "*" ? 0 : 1) + (range.subtype === "*" ? 0 : 1);
    if (precision > fit.precision) fit = { quality: range.quality, precision };
  }
  return fit;
}

/** `undefined` for what is no media range, which is passed over. */
function parseRange(text: string): MediaRange | undefined {
  const [range = "", ...parameters] = text.toLowerCase().split(";");
  const [type = "", subtype = "", ...rest] = range.trim().split("/");
  if (type === "" || subtype === "" || rest.length > 0 || (type === "*" && subtype !== "*")) return undefined;
  const quality = parameters.map((each) => each.trim()).find((each) => each.startsWith("q="));
  return { type, subtype, quality: quality === undefined ? 1 : parseQuality(quality.slice("q=".length)) };
}

function parseQuality(text: string): number {
  const quality = /^[01](\.[0-9]*)?$/.test(text) ? Number(text) : 1;
  return Math.min(quality, 1);
}
