/**
 * Packed bytes that cannot be unpacked. Whether that is damage or a bad request is for the caller to say, who
 * translates it.
 */
export class UnpackError extends Error {
  /** `corrupt`: not of the format, or not whole; `too_large`: more would come out than was allowed. */
  readonly kind: "corrupt" | "too_large";

  private constructor(kind: "corrupt" | "too_large", message: string, cause: unknown) {
    super(message, { cause });
    this.name = "UnpackError";
    this.kind = kind;
  }

  static corrupt(message: string, cause?: unknown): UnpackError {
    return new UnpackError("corrupt", message, cause);
  }

  static tooLarge(maxBytes: number, cause?: unknown): UnpackError {
    return new UnpackError("too_large", `more than ${maxBytes} bytes unpacked`, cause);
  }
}
