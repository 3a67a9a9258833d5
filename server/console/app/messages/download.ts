/** Saves bytes as a file that no program opens by itself. */

/** Whatever the payload says of itself, it is saved as plain bytes. */
const PLAIN_BYTES = "application/octet-stream";
/** The browser has begun to save by then. */
const REVOKE_AFTER_MS = 60_000;

export function download(bytes: Uint8Array, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: PLAIN_BYTES }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MS);
}
