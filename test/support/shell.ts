/** A bash that a test types into and reads from, as a person does in a terminal window. */
import { type ChildProcess, spawn } from "node:child_process";
import { within } from "./deadline.ts";
import { endWithTest } from "./process-group.ts";

/** Printed after each command's output, with its status. No command of a test prints it. */
const PROMPT = "\u0001done ";

export class Shell {
  readonly #child: ChildProcess;
  #unread = "";
  #onOutput: () => void = () => {};

  /** Ended, with what runs in it, when the running test is over. */
  constructor() {
    const child = spawn("bash", ["--norc", "--noprofile"], {
      stdio: ["pipe", "pipe", "ignore"],
      detached: true,
    });
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#unread += text;
      this.#onOutput();
    });
    endWithTest(child);
  }

  /** What a command prints on stdout. Rejects when it ends with another status than 0. */
  async run(command: string): Promise<string> {
    this.type(`${command}\nprintf '${PROMPT}%d\\n' $?`);
    const printed = await this.read(new RegExp(`^([^]*?)${PROMPT}(\\d+)\\n`), command);
    if (printed[2] !== "0") throw new Error(`status ${printed[2]}: ${command}`);
    return printed[1] ?? "";
  }

  /** Types a line and hits enter. */
  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Waits until what was printed and not read yet begins with `pattern`, and takes that. */
  async read(pattern: RegExp, label: string): Promise<RegExpExecArray> {
    const found = new Promise<RegExpExecArray>((resolve) => {
      this.#onOutput = () => {
        const match = pattern.exec(this.#unread);
        if (match === null) return;
        this.#onOutput = () => {};
        this.#unread = this.#unread.slice(match.index + match[0].length);
        resolve(match);
      };
      this.#onOutput();
    });
    return await within(label, found);
  }
}
