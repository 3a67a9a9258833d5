/** `netlog dump`: shows what stands in one file of a data folder, byte place by byte place. */
import { resolve } from "node:path";
import { type DumpRecord, dumpFile, LIMITS, nodeDisk } from "../../lib/index.ts";
import { type Command, type Context, EXIT, writeAll } from "../cli/command.ts";
import type { OptionTable } from "../cli/option.ts";
import { JSON_OPTION, switchOption } from "../cli/switch-option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { parseArguments } from "../options/parse-options.ts";
import { DumpText } from "./dump-text.ts";

interface DumpOptions {
  readonly payloads: boolean;
  readonly json: boolean;
}

/** Bytes that --payloads shows of each payload. */
const PAYLOAD_BYTES = 64;

const DUMP_OPTIONS: OptionTable<DumpOptions> = {
  payloads: switchOption("payloads", `Show the first ${PAYLOAD_BYTES} bytes of each payload, escaped`),
  json: JSON_OPTION,
};

export const dumpCommand: Command = {
  usage: "[flags] <file>",
  details: [
    "Shows a data file's header, then each frame with its position in bytes, offsets, time, synced mark of that\n" +
      "moment, length, checksums and compression. Where no frame begins it says what it sees, shows the first bytes,\n" +
      "and goes on at the next header that it finds; that may lie within a payload, which the offsets show. Payloads\n" +
      "are shown only when asked for. Reads alone, and may be used while a server runs.",
    "Ends with status 0 when all could be read, 1 when not, 2 for wrong arguments. With --json each record is a\n" +
      'line with "kind": file, header, frame, gap, index, slot or leases; bytes are hexadecimal.',
  ],
  options: DUMP_OPTIONS,
  run(context) {
    const { options, operands } = parseArguments(DUMP_OPTIONS, context.args, context.environment);
    const [file, ...others] = operands;
    if (file === undefined || others.length > 0) throw new UsageError("dump takes one file");
    return dump(resolve(file), options, context);
  },
};

async function dump(path: string, options: DumpOptions, { stdout, stderr }: Context): Promise<number> {
  const text = new DumpText(path);
  let isSound = true;
  try {
    for await (const record of dumpFile({
      disk: nodeDisk,
      limits: LIMITS,
      path,
      payloadBytes: options.payloads ? PAYLOAD_BYTES : 0,
    })) {
      isSound &&= isSoundRecord(record);
      await writeAll(stdout, options.json ? `${jsonOf(record)}\n` : text.of(record));
    }
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    stderr.write(`netlog: ${error.message}\n`);
    return EXIT.failed;
  }
  if (!options.json) stdout.write(text.end());
  return isSound ? EXIT.ok : EXIT.failed;
}

function isSoundRecord(record: DumpRecord): boolean {
  switch (record.kind) {
    case "frame":
      return record.actualEntryCrc === record.entryCrc && record.troubles.length === 0;
    case "gap":
      return false;
    case "header":
      return record.version !== undefined;
    case "index":
      return record.trouble === undefined;
    case "slot":
      return record.state !== undefined || record.isUnused;
    case "leases":
      return record.state !== undefined;
    case "file":
      return true;
  }
}

/** The record as it is, with bytes as hexadecimal: arrays of numbers would be hard to read. */
function jsonOf(record: DumpRecord): string {
  return JSON.stringify(record, function (key, value: unknown) {
    // A Buffer has turned itself into something else by the time it comes here.
    const field: unknown = (this as Record<string, unknown>)[key];
    return Buffer.isBuffer(field) ? field.toString("hex") : value;
  });
}
