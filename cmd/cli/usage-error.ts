/** What the caller of the program typed wrongly. The message is one line for them: what, and what is allowed. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
