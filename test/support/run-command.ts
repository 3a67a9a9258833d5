/** Runs the program's own code in this process, with outputs that are kept. */
import { run } from "../../cmd/main.ts";

export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** `isTTY`: stderr is a terminal of 80 columns. */
export async function runCommand(args: readonly string[], isTTY = false): Promise<Ran> {
  let out = "";
  let err = "";
  const status = await run({
    args,
    environment: {},
    version: "1.2.3",
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text), isTTY, columns: 80 },
  });
  return { status, out, err };
}
