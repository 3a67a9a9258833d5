/** Checks of bodies that come in pieces: each is held against what was published, byte by byte, and its messages counted. */
import { crc32 } from "node:zlib";
import { binaryCycle, CYCLE, linesOf } from "../messages.ts";

export interface BodyCheck {
  /** @throws when a byte is another one. */
  take(piece: Buffer): void;
  /** Messages so far. @throws when the last one is not whole. */
  end(): number;
}

const FRAME_HEADER_BYTES = 40;
const SET_HEADER_BYTES = 9;
const LINE_END = 10;

export function checkLines(payloads: readonly string[]): BodyCheck {
  const cycle = linesOf(payloads);
  const lineBytes = cycle.length / payloads.length;
  let taken = 0;
  return {
    take(piece) {
      for (let at = 0; at < piece.length; ) {
        const from = taken % cycle.length;
        const length = Math.min(piece.length - at, cycle.length - from);
        if (cycle.compare(piece, at, at + length, from, from + length) !== 0)
          throw differs(taken / lineBytes);
        at += length;
        taken += length;
      }
    },
    end: () => whole(taken / lineBytes),
  };
}

/** Checks what is read from a topic that was filled with binary batches, each of which is a frame. */
export function checkFrames(payloads: readonly string[]): BodyCheck {
  const batch = binaryCycle(payloads[0]!.length);
  const frameBytes = FRAME_HEADER_BYTES + SET_HEADER_BYTES + batch.length;
  const header = Buffer.alloc(FRAME_HEADER_BYTES + SET_HEADER_BYTES);
  let taken = 0;
  return {
    take(piece) {
      for (let at = 0; at < piece.length; ) {
        const from = taken % frameBytes;
        const isHeader = from < header.length;
        const length = Math.min(piece.length - at, (isHeader ? header.length : frameBytes) - from);
        const frame = Math.floor(taken / frameBytes);
        if (isHeader) {
          piece.copy(header, from, at, at + length);
          if (from + length === header.length) checkFrameHeader(header, frame, batch);
        } else {
          const start = from - header.length;
          if (batch.compare(piece, at, at + length, start, start + length) !== 0)
            throw differs(frame * CYCLE);
        }
        at += length;
        taken += length;
      }
    },
    end: () => whole(taken / frameBytes) * CYCLE,
  };
}

/** The layout is drawn in lib/log/frame.ts and lib/message/message.ts. */
function checkFrameHeader(header: Buffer, frame: number, batch: Buffer): void {
  const isFrame =
    header.toString("latin1", 0, 3) === "NLF" &&
    header.readBigUInt64BE(4) === BigInt(frame * CYCLE) &&
    header.readUInt32BE(24) === CYCLE &&
    header.readUInt32BE(28) === SET_HEADER_BYTES + batch.length &&
    header.readUInt32BE(36) === crc32(header.subarray(0, 36)) &&
    header.readUInt32BE(FRAME_HEADER_BYTES + 1) === crc32(batch);
  if (!isFrame) throw differs(frame * CYCLE);
}

export function checkNdjson(payloads: readonly string[]): BodyCheck {
  const ends = payloads.map((payload) => `,"crc32":${crc32(payload)},"payload":${JSON.stringify(payload)}}`);
  let rest = Buffer.alloc(0);
  let offset = 0;
  return {
    take(piece) {
      const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      let at = 0;
      for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, at)) {
        const line = bytes.toString("latin1", at, end);
        const isLine =
          line.startsWith(`{"offset":${offset},"timestamp":"`) && line.endsWith(ends[offset % CYCLE]!);
        if (!isLine) throw differs(offset);
        offset += 1;
        at = end + 1;
      }
      rest = Buffer.from(bytes.subarray(at));
    },
    end() {
      if (rest.length > 0) throw differs(offset);
      return offset;
    },
  };
}

function differs(message: number): Error {
  return new Error(`message ${Math.floor(message)} came back as something else`);
}

function whole(count: number): number {
  if (!Number.isInteger(count)) throw new Error("the last message came back cut");
  return count;
}
