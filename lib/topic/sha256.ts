/** SHA-256 of bytes that are little work. */
import { hash } from "node:crypto";

/** node:crypto would give memory of its own to the result, which costs more than the sum and leaves much to collect. */
export function sha256(input: string | Uint8Array): Buffer {
  return Buffer.from(sha256Text(input), "binary");
}

/** Its bytes as Latin-1. */
export function sha256Text(input: string | Uint8Array): string {
  return hash("sha256", input, "binary");
}
