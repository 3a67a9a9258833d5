/** Refuses text that was typed in another encoding, because it arrives as another text. */
import { UsageError } from "./usage-error.ts";

/** Node puts it in place of bytes that are not UTF-8, and loses these. */
const REPLACEMENT = "\ufffd";

/** `what` is named in the error. @throws UsageError for a text that holds U+FFFD. */
export function requireUtf8(text: string, what: string): void {
  if (!text.includes(REPLACEMENT)) return;
  throw new UsageError(
    `${what} "${text}" is not UTF-8 (or holds U+FFFD), so that its bytes do not reach netlog; ` +
      "publish takes any bytes on standard input or from a file",
  );
}
