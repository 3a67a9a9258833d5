/** The caps of what a request may ask for, and of bodies that are JSON. */
import { DAY_MS, KiB, MiB } from "../../lib/index.ts";

export class WireCaps {
  /** A JSON body with settings. */
  readonly settingsBytes: number = 64 * KiB;
  /** A JSON body of ack, nack or touch: as many offsets as may be pending, each with its comma and a space. */
  readonly ackBytes: number = 2 * MiB;
  /** `delay` of a nack. */
  readonly nackDelayMs: number = DAY_MS;
  /** Messages of one answer, when the request names no number. */
  readonly readMessages: number = 1000;
  /** Messages of one answer: a larger number is taken for this. */
  readonly readMessagesMax: number = 100_000;
  /** Bytes of one answer's body, when the request names no number. */
  readonly readBytes: number = 8 * MiB;
  /** Bytes of one answer's body: a larger number is taken for this. */
  readonly readBytesMax: number = 16 * MiB;
  /** Bytes of one answer over gRPC, when the request names no number: clients take 4 MiB where they are not told else. */
  readonly grpcReadBytes: number = 3 * MiB;
  /** Bytes of one batch of a Tail, when the request names no number. */
  readonly grpcTailBytes: number = 256 * KiB;
  /** Bytes of one batch of a Tail: a larger number is taken for this. */
  readonly grpcTailBytesMax: number = MiB;
}
