/** The three headers of a producer that numbers its appends. Which ids and numbers are allowed the topic says. */
import { NetlogError, type ProducerStamp } from "../../lib/index.ts";
import { DIGITS } from "./parameters.ts";

/** `undefined`: there is none of them. @throws bad_request. */
export function readProducer(
  id: string | undefined,
  epoch: string | undefined,
  seq: string | undefined,
): ProducerStamp | undefined {
  if (id === undefined && epoch === undefined && seq === undefined) return undefined;
  if (id === undefined || epoch === undefined || seq === undefined) {
    const reason = "a producer sends Producer-Id, Producer-Epoch and Producer-Seq, all three";
    throw new NetlogError("bad_request", { reason });
  }
  return { id, epoch: readNumber("Producer-Epoch", epoch), seq: readNumber("Producer-Seq", seq) };
}

/** The value of a header. @throws bad_request. */
export function readNumber(name: string, text: string): number {
  if (DIGITS.test(text)) return Number(text);
  throw new NetlogError("bad_request", { reason: `${name} takes a whole number, in digits alone` });
}
