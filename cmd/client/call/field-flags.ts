/** What a message carries beside its payload, as flags: to publish it, and to read by key. */
import { checkFields, type MessageFields } from "../../../lib/client/index.ts";
import type { OptionTable } from "../../cli/option.ts";
import { UsageError } from "../../cli/usage-error.ts";
import { type Optional, repeatedFlag, textFlag } from "./flags.ts";

const KEY = "1 to 1,024 bytes of UTF-8";

export interface FieldFlags {
  readonly key: readonly string[];
  readonly contentType: Optional<string>;
  readonly header: readonly string[];
}

export const FIELD_OPTIONS: OptionTable<FieldFlags> = {
  key: { ...repeatedFlag("key", "<key>", "Key of the messages", KEY), letter: "k" },
  contentType: textFlag(
    "content_type",
    "<type>",
    "Content type of the messages",
    "a media type such as application/json",
  ),
  header: {
    ...repeatedFlag(
      "header",
      "<header>",
      "Header of the messages, 'x-meta-<name>: value' or 'ce-<name>: value'; may be repeated",
      "a header such as 'x-meta-source: shop'",
    ),
    letter: "H",
  },
};

/** `undefined` where none is given. @throws UsageError; NetlogClientError invalid_argument. */
export function fieldsOf({ key: keys, contentType, header }: FieldFlags): MessageFields | undefined {
  const [key, another] = keys;
  if (another !== undefined) throw new UsageError("--key is given twice; a message has one key");
  const fields = { key, contentType: contentType ?? undefined, headers: header.map(parseHeader) };
  return checkFields(fields) === undefined ? undefined : fields;
}

function parseHeader(text: string): [string, string] {
  const [, name, value] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new UsageError(`--header: "${text}" is no header; it takes one such as 'x-meta-source: shop'`);
}

/** The flag `--key` of commands that read. */
export const KEYS_FLAG: OptionTable<{ readonly key: readonly string[] }>["key"] = {
  ...repeatedFlag("key", "<key>", "Only messages of this key; repeated: of any of these", KEY),
  letter: "k",
};

/** `undefined` where none is given. */
export function keysOf({ key }: { readonly key: readonly string[] }): readonly string[] | undefined {
  return key.length === 0 ? undefined : key;
}
