/** Many small pieces for one output, written together: at the latest when whoever brings them has to wait. */
import { type Output, writeAll } from "../../command.ts";

const FULL_BYTES = 64 * 1024;

export class BufferedOutput {
  readonly #output: Output;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #timer: NodeJS.Immediate | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Resolves when more may be written. What was written shows in this turn of the event loop, or when it is much. */
  async write(piece: string | Uint8Array): Promise<void> {
    const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= FULL_BYTES) return await this.flush();
    this.#timer ??= setImmediate(() => void this.flush());
  }

  /** Before anything else is said, and at the end. */
  async flush(): Promise<void> {
    clearImmediate(this.#timer);
    this.#timer = undefined;
    if (this.#bytes === 0) return;
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    await writeAll(this.#output, all);
  }
}
