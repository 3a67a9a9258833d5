/** Why a copy cannot begin or go on. The message is one line for whoever started it. */
export class CopyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CopyError";
  }
}
