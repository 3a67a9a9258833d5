/** What the headers of an append ask for beside its bytes: a producer's number, a sequence, the end of the stream. */
import type { ProducerStamp } from "../../lib/index.ts";
import type { Request } from "../http/request.ts";
import { readProducer } from "../wire/producer.ts";

export interface StreamTerms {
  readonly producer: ProducerStamp | undefined;
  readonly streamSequence: Buffer | undefined;
  readonly closes: boolean;
}

/** @throws bad_request. */
export function readStreamTerms(request: Request): StreamTerms {
  const producer = readProducer(
    request.header("producer-id"),
    request.header("producer-epoch"),
    request.header("producer-seq"),
  );
  const sequence = request.header("stream-seq");
  return {
    producer,
    // Bytes as they came: Node gives each as one character.
    streamSequence: sequence === undefined ? undefined : Buffer.from(sequence, "latin1"),
    closes: readCloses(request),
  };
}

/** `Stream-Closed`, of a request. */
export function readCloses(request: Request): boolean {
  return request.header("stream-closed")?.trim().toLowerCase() === "true";
}
