/** Shows what runs: on a terminal one line that changes, else a line each. */

export class Progress {
  /** The name of the workload that runs. */
  name = "";
  readonly #startedAtMs = performance.now();

  show(what: string): void {
    const seconds = Math.round((performance.now() - this.#startedAtMs) / 1000);
    const line = `${String(seconds).padStart(5)} s  ${this.name}, ${what}`;
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  }
}
