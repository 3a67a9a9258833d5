/**
 * Dead letters whose topic another server owns: they go there in one request over NATS, and the answer says what became of
 * them. The layout of a request: length of its head (u32, big-endian), head (JSON), payload.
 */
import { ERROR_CODES, isNetlogError, NetlogError } from "../../base/errors.ts";
import type { MessageFields } from "../../message/fields.ts";
import type { NewMessage } from "../../message/new-message.ts";
import type { EngineConnection, Received } from "../nats/connection.ts";
import type { JetstreamCaps } from "../nats/limits.ts";
import type { EngineNames } from "../nats/names.ts";

interface LettersOptions {
  readonly connection: Pick<EngineConnection, "publish" | "request" | "subscribe">;
  readonly names: EngineNames;
  readonly limits: JetstreamCaps;
  readonly incarnation: string;
}

interface Head extends MessageFields {
  readonly topic: string;
}

const LENGTH_BYTES = 4;
const TAKEN = "taken";

export class Letters {
  readonly #options: LettersOptions;

  constructor(options: LettersOptions) {
    this.#options = options;
  }

  /** Gives `take` the letters of others; it resolves when one is stored. The function returned ends it. */
  receive(take: (topic: string, message: NewMessage) => Promise<void>): () => void {
    const { connection, names, incarnation } = this.#options;
    return connection.subscribe(names.letterSubject(incarnation), (request) => {
      void answerTo(request, take).then((answer) => {
        try {
          connection.publish(request.reply ?? "", answer);
        } catch {
          // The sender gets no answer, and sends the letter again.
        }
      });
    });
  }

  /** Stored when it resolves. @throws NetlogError as publishing does; NoAnswer: it may be stored. */
  async send(owner: string, topic: string, { payload, ...given }: NewMessage): Promise<void> {
    const { connection, names, limits } = this.#options;
    const { key, contentType, headers } = given;
    const head = Buffer.from(JSON.stringify({ topic, key, contentType, headers } satisfies Head));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(head.length);
    const bytes = Buffer.concat([length, head, payload]);
    const timeoutMs = limits.engineResolveMs;
    const { data } = await connection.request(names.letterSubject(owner), bytes, { timeoutMs });
    const answer = Buffer.from(data).toString();
    if (answer === TAKEN) return;
    const code = ERROR_CODES.find((each) => each === answer) ?? "unknown_error";
    throw new NetlogError(code, { reason: `the server that has the topic ${topic} refused the message` });
  }
}

async function answerTo(
  { data }: Received,
  take: (topic: string, message: NewMessage) => Promise<void>,
): Promise<string> {
  try {
    const bytes = Buffer.from(data);
    const start = LENGTH_BYTES + bytes.readUInt32BE(0);
    const { topic, ...fields } = JSON.parse(bytes.toString("utf8", LENGTH_BYTES, start)) as Head;
    await take(topic, { ...fields, payload: bytes.subarray(start) });
    return TAKEN;
  } catch (error) {
    return isNetlogError(error) ? error.code : "unknown_error";
  }
}
