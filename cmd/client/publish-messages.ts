/** The messages of `netlog publish`: payloads of its input, and what its flags say that they carry. */
import {
  checkFields,
  isNetlogClientError,
  type MessageFields,
  type NewMessage,
  type Publishable,
} from "../../lib/client/index.ts";
import { EXIT } from "../cli/command.ts";
import { type PublishInput, PublishInputError } from "./input/publish-input.ts";

type Payloads = PublishInput["payloads"];
type Messages = Iterable<Publishable> | AsyncIterable<Publishable | readonly Publishable[]>;

/** `fields` are those that all messages have. With a separator each payload is a line with a key in front. */
export function messagesOf(
  payloads: Payloads,
  fields: MessageFields | undefined,
  keySeparator: string | null,
): Messages {
  if (keySeparator === null) return fields === undefined ? payloads : carrying(payloads, fields);
  return keyed(payloads, Buffer.from(keySeparator.replaceAll("\\t", "\t")), fields ?? {});
}

async function* carrying(
  payloads: Payloads,
  fields: MessageFields,
): AsyncGenerator<readonly NewMessage[], void, undefined> {
  for await (const given of payloads) yield several(given).map((payload) => ({ ...fields, payload }));
}

/** What comes before a line that is no message is given first. */
async function* keyed(
  payloads: Payloads,
  separator: Uint8Array,
  fields: MessageFields,
): AsyncGenerator<readonly NewMessage[], void, undefined> {
  let count = 0;
  for await (const given of payloads) {
    const messages: NewMessage[] = [];
    try {
      for (const line of several(given))
        messages.push(keyedLine(Buffer.from(line), separator, fields, ++count));
    } catch (error) {
      if (messages.length > 0) yield messages;
      throw error;
    }
    yield messages;
  }
}

function several(given: string | Uint8Array | readonly Uint8Array[]): readonly (string | Uint8Array)[] {
  return typeof given === "string" || given instanceof Uint8Array ? [given] : given;
}

/** A line that begins with the separator has no key. @throws PublishInputError; `number` counts from 1. */
function keyedLine(line: Buffer, separator: Uint8Array, fields: MessageFields, number: number): NewMessage {
  const refuse = (why: string): never => {
    throw new PublishInputError(`message ${number} ${why}`, EXIT.failed);
  };
  const end = line.indexOf(separator);
  if (end < 0)
    refuse("has no key: its line does not hold the separator; a line without a key begins with it");
  const key = line.subarray(0, end);
  const payload = line.subarray(end + separator.length);
  if (!Buffer.from(key.toString()).equals(key)) refuse("has a key that is not UTF-8");
  if (payload.length === 0) refuse("is empty behind its key, and a message has at least one byte");
  const message = { ...fields, payload, ...(end === 0 ? {} : { key: key.toString() }) };
  try {
    checkFields(message);
  } catch (error) {
    if (!isNetlogClientError(error)) throw error;
    refuse(`cannot be sent: ${error.message}`);
  }
  return message;
}
