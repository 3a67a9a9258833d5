/** Bodies of answers and requests that several routes have. */
import { FORMATS, type FormatName } from "../formats/formats.ts";
import type { Json, Success } from "./operation.ts";
import { ref } from "./parts.ts";

export const bytes: Json = {};
export const JSON_TYPE: string = "application/json";

export function json(description: string, schema: Json, headers: readonly string[] = []): Success {
  return { description, content: { [JSON_TYPE]: schema }, headers };
}

export function done(description: string): Readonly<Record<string, Success>> {
  return { "200": json(description, ref("Done")) };
}

/** Bodies of messages, by media type. */
export function messages(names: readonly FormatName[]): Readonly<Record<string, Json>> {
  const formats = FORMATS.filter(({ name }) => names.includes(name));
  return Object.fromEntries(
    formats.map(({ mediaType, name }) => [
      mediaType,
      name === "json" ? { type: "array", items: ref("Message") } : bytes,
    ]),
  );
}
