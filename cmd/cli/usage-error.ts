/** The caller of the program typed something wrong. The message is one line: what is wrong, and what is allowed. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
