/**
 * Answers that tell of all topics or scanners there are. They are made piece by piece, with the event loop given back
 * in between, and count in the memory that all clients share while they grow.
 */
import { MESSAGE_WORK_BYTES, WorkMeter } from "../../lib/index.ts";
import { type Answer, piecesAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { tooManyAnswers } from "../wire/errors.ts";
import { bodyMemory } from "./answer-memory.ts";

/** A body consists of buffers of about this size. */
const BUFFER_LENGTH = 64 * 1024;
/** To make a character of such an answer takes so much more work than to copy one. */
const CHARACTER_WORK_BYTES = 4;
const JSON_TYPE = "application/json; charset=utf-8";

/**
 * JSON of `value`, made element by element and field by field, `levels` levels deep: see jsonPieces.
 *
 * @throws too_many_requests; ClientLeft.
 */
export async function longJsonAnswer(exchange: Exchange, value: object, levels = 1): Promise<Answer> {
  const body = new LongBody(exchange);
  for (const piece of jsonPieces(value, levels)) {
    body.add(piece);
    if (body.isDue) await body.pause();
  }
  body.add("\n");
  return body.answer(JSON_TYPE);
}

export class LongBody {
  readonly #memory: ReturnType<typeof bodyMemory>;
  readonly #meter = new WorkMeter();
  readonly #pieces: Buffer[] = [];
  #text = "";
  #bytes = 0;
  /** The event loop is to be given back before more is added. */
  isDue = false;

  constructor(exchange: Exchange) {
    this.#memory = bodyMemory(exchange);
  }

  /** @throws too_many_requests. */
  add(text: string): void {
    this.#text += text;
    if (this.#meter.isDue(MESSAGE_WORK_BYTES + CHARACTER_WORK_BYTES * text.length)) this.isDue = true;
    if (this.#text.length >= BUFFER_LENGTH) this.#endPiece();
  }

  /** @throws ClientLeft. */
  async pause(): Promise<void> {
    this.isDue = false;
    await this.#memory.pause();
  }

  /** All of it. @throws too_many_requests. */
  answer(contentType: string): Answer {
    this.#endPiece();
    return piecesAnswer(contentType, this.#pieces);
  }

  #endPiece(): void {
    const piece = Buffer.from(this.#text);
    this.#text = "";
    this.#bytes += piece.length;
    if (!this.#memory.mayUse(this.#bytes)) throw tooManyAnswers();
    this.#pieces.push(piece);
  }
}

/**
 * The text that JSON.stringify makes of `value`. Each element and each field is a piece of its own, `levels` levels
 * deep. Every iterable is an array. An element that is undefined is an empty piece, as if it were not there.
 */
function* jsonPieces(value: unknown, levels: number): Generator<string, void, void> {
  if (levels === 0 || typeof value !== "object" || value === null) yield JSON.stringify(value) ?? "";
  else if (Symbol.iterator in value) yield* arrayPieces(value as Iterable<unknown>, levels);
  else yield* objectPieces(value, levels);
}

function* arrayPieces(elements: Iterable<unknown>, levels: number): Generator<string, void, void> {
  let before = "[";
  for (const element of elements) {
    if (element === undefined) {
      yield "";
      continue;
    }
    yield before;
    yield* jsonPieces(element, levels - 1);
    before = ",";
  }
  yield before === "[" ? "[]" : "]";
}

function* objectPieces(value: object, levels: number): Generator<string, void, void> {
  let before = "{";
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    yield `${before}${JSON.stringify(name)}:`;
    yield* jsonPieces(field, levels - 1);
    before = ",";
  }
  yield before === "{" ? "{}" : "}";
}
