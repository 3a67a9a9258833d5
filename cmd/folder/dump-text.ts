/** Records of a dump as lines for people: the position in the file in the first column. */
import type { DumpRecord } from "../../lib/index.ts";
import { counted, formatBytes } from "../cli/figures.ts";
import { printable } from "../cli/printable.ts";

type Of<Kind extends DumpRecord["kind"]> = Extract<DumpRecord, { readonly kind: Kind }>;

const POSITION_WIDTH = 10;
const INDENT = " ".repeat(POSITION_WIDTH + 2);
const HEX_BYTES_A_LINE = 16;
/** The last instant that a date can hold. */
const MAX_DATE_MS = 8.64e15;

export class DumpText {
  readonly #path: string;
  #frames = 0;
  #messages = 0;
  #badFrames = 0;
  #gapBytes = 0;
  #endPosition = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** One line or more, each ended. */
  of(record: DumpRecord): string {
    switch (record.kind) {
      case "file":
        this.#endPosition = record.sizeBytes;
        return `${printable(this.#path)}: ${record.what}, ${record.sizeBytes} bytes (${formatBytes(record.sizeBytes)})\n`;
      case "header":
        return headerText(record);
      case "frame":
        this.#count(record);
        return frameText(record);
      case "gap":
        this.#gapBytes += record.nextPosition - record.position;
        return gapText(record);
      case "index":
        return indexText(record);
      case "slot":
        return slotText(record);
      case "leases":
        return leasesText(record);
    }
  }

  /** What there was, in all. */
  end(): string {
    if (this.#frames + this.#gapBytes === 0) return "";
    const bad = this.#badFrames === 0 ? "" : `, ${this.#badFrames} of them BAD`;
    const gaps = this.#gapBytes === 0 ? "" : `, ${this.#gapBytes} bytes in which no frame begins`;
    return line(
      this.#endPosition,
      `end: ${counted(this.#frames, "frame")} with ${counted(this.#messages, "message")}${bad}${gaps}`,
    );
  }

  #count(frame: Of<"frame">): void {
    this.#frames++;
    this.#messages += frame.messageCount;
    if (frame.actualEntryCrc !== frame.entryCrc || frame.troubles.length > 0) this.#badFrames++;
  }
}

function headerText({ version, createdAtMs }: Of<"header">): string {
  if (createdAtMs !== undefined)
    return line(0, `segment header, version ${version}, created ${time(createdAtMs)}, CRC ok`);
  return line(0, version === undefined ? "segment header BAD" : `segment header, version ${version}, no CRC`);
}

function frameText(frame: Of<"frame">): string {
  const { baseOffset, messageCount, timestampMs, unsyncedCount, syncedMark, sizeBytes } = frame;
  const offsets =
    messageCount === 1 ? `offset ${baseOffset}` : `offsets ${baseOffset} to ${baseOffset + messageCount - 1}`;
  const facts = [
    offsets,
    time(timestampMs),
    `synced mark ${syncedMark} (${unsyncedCount} unsynced)`,
    `${sizeBytes} bytes`,
    "header CRC ok",
    entryCrcText(frame),
    frame.compression,
  ];
  const troubles = frame.troubles.map((trouble) => `${INDENT}!! ${trouble}\n`);
  const messages = frame.messages.map(({ offset, sizeBytes: payloadBytes, payload, fields }) => {
    const cut = payload.length < payloadBytes ? "…" : "";
    const own = messageCount === 1 ? "" : fieldsText(fields);
    return `${INDENT}${offset}: ${payloadBytes} bytes "${payloadText(payload)}${cut}"\n${own}`;
  });
  return [line(frame.position, facts.join(", ")), ...troubles, fieldsText(frame.fields), ...messages].join(
    "",
  );
}

function fieldsText(fields: Of<"frame">["fields"]): string {
  if (fields === undefined) return "";
  const {
    key,
    contentType,
    headers = [],
    idempotency,
    producer,
    streamSequence,
    closes,
    unknown = [],
  } = fields;
  const lines = [
    key === undefined ? "" : `key "${key}"`,
    contentType === undefined ? "" : `content type ${contentType}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    idempotency === undefined ? "" : `idempotency key "${idempotency.key}"`,
    producer === undefined
      ? ""
      : `producer "${producer.id}", epoch ${producer.epoch}, number ${producer.seq}`,
    streamSequence === undefined ? "" : `stream sequence of ${counted(streamSequence.length, "byte")}`,
    closes === true ? "closes the topic" : "",
    ...unknown.map(({ tag, value }) => `unknown field ${tag} of ${counted(value.length, "byte")}`),
  ];
  return lines
    .filter((text) => text !== "")
    .map((text) => `${INDENT}  ${printable(text)}\n`)
    .join("");
}

function entryCrcText({ entryCrc, actualEntryCrc }: Of<"frame">): string {
  if (actualEntryCrc === undefined) return "entry cut off";
  if (actualEntryCrc === entryCrc) return "entry CRC ok";
  return `entry CRC BAD (${hex(entryCrc)} written, ${hex(actualEntryCrc)} computed)`;
}

function gapText({ position, nextPosition, trouble, bytes }: Of<"gap">): string {
  return (
    line(position, `?? ${nextPosition - position} bytes, up to ${nextPosition}: ${trouble}`) + hexDump(bytes)
  );
}

function indexText({ entries, footer, trouble }: Of<"index">): string {
  const lines = entries.map(({ offset, position, timestampMs }) => {
    return `${INDENT}offset ${offset} at byte ${position} of the data, ${time(timestampMs)}\n`;
  });
  if (footer !== undefined) {
    const { dataPosition, endOffset, lastTimestampMs } = footer;
    const last = `last time ${time(lastTimestampMs)}`;
    lines.push(
      `${INDENT}footer: speaks of the data up to byte ${dataPosition}, offset ${endOffset}, ${last}\n`,
    );
  }
  lines.push(`${INDENT}${trouble === undefined ? "CRC ok" : `!! ${trouble}`}\n`);
  return lines.join("");
}

function slotText({ position, state, counts, isUnused, bytes }: Of<"slot">): string {
  if (isUnused) return line(position, "slot, never written");
  if (state === undefined) return line(position, "slot BAD") + hexDump(bytes);
  const { sequence, from, next, keys } = state;
  const role = counts ? "this one counts" : "the older one";
  const byKey = keys === undefined ? "" : `, by ${counted(keys.length, "key")}`;
  return line(position, `slot, sequence ${sequence}, from ${from}, next ${next}${byKey}, CRC ok; ${role}`);
}

function leasesText({ sizeBytes, state, bytes }: Of<"leases">): string {
  if (state === undefined) return line(0, "journal BAD") + hexDump(bytes);
  const { blockCount, from, next, pending, redelivered, deadLettered, skipped, settings, endPosition } =
    state;
  const counts = `${redelivered} redelivered, ${deadLettered} to the dead letter, ${skipped} skipped`;
  const lines = [
    line(0, `journal of ${counted(blockCount, "block")}: from ${from}, next ${next}; ${counts}`),
    `${INDENT}settings ${printable(JSON.stringify(settings))}\n`,
    ...pending.map(({ offset, deliveries }) => {
      return `${INDENT}${offset}: not settled, given out ${counted(deliveries, "time")}\n`;
    }),
  ];
  const tornBytes = sizeBytes - endPosition;
  if (tornBytes > 0) lines.push(line(endPosition, `a torn end of ${counted(tornBytes, "byte")}`));
  return lines.join("");
}

function line(position: number, text: string): string {
  return `${String(position).padStart(POSITION_WIDTH)}  ${text}\n`;
}

/** UTF-8 as it is, save for what would not print; where it is none, each byte that is not ASCII as `\xNN`. */
function payloadText(payload: Buffer): string {
  const text = payload.toString("utf8");
  // The last character may have been cut off with the rest.
  if (!text.slice(0, -1).includes("\ufffd")) return printable(text);
  return printable(payload.toString("latin1")).replace(/[\x80-\xff]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16)}`;
  });
}

function hexDump(bytes: Buffer): string {
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; start += HEX_BYTES_A_LINE) {
    const part = bytes.subarray(start, start + HEX_BYTES_A_LINE);
    const digits = Array.from(part, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const characters = part.toString("latin1").replace(/[^\x20-\x7e]/g, ".");
    lines.push(`${INDENT}${digits.padEnd(HEX_BYTES_A_LINE * 3)} |${characters}|\n`);
  }
  return lines.join("");
}

function time(ms: number): string {
  return Math.abs(ms) <= MAX_DATE_MS ? new Date(ms).toISOString() : `${ms} ms`;
}

function hex(crc: number): string {
  return `0x${crc.toString(16).padStart(8, "0")}`;
}
