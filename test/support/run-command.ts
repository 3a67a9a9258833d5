/** Runs the program's own code in this process, with inputs and outputs that are kept. */
import { run } from "../../cmd/main.ts";

export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly environment?: Readonly<Record<string, string>>;
  /** What standard input brings, piece by piece. */
  readonly input?: readonly (string | Uint8Array)[];
  /** Both outputs are terminals of 80 columns. */
  readonly isTTY?: boolean;
  /** Called with what goes to both outputs, as it comes. */
  readonly onOutput?: (text: string) => void;
}

export async function runCommand(
  args: readonly string[],
  { environment = {}, input = [], isTTY = false, onOutput = () => {} }: Surroundings = {},
): Promise<Ran> {
  const out: Uint8Array[] = [];
  const err: Uint8Array[] = [];
  const outputTo = (pieces: Uint8Array[]) => ({
    write: (piece: string | Uint8Array) => {
      onOutput(Buffer.from(piece).toString());
      return pieces.push(Buffer.from(piece)) > 0;
    },
    isTTY,
    columns: 80,
  });
  const status = await run({
    args,
    environment,
    version: "1.2.3",
    stdin: () => inputOf(input),
    stdout: outputTo(out),
    stderr: outputTo(err),
  });
  return { status, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

async function* inputOf(pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}
