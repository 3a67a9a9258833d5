/** Why a copy cannot begin or go on. The message is one line for the person who started it. */
export class CopyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CopyError";
  }
}
