/** One finding in a data folder: a line for people, and one for scripts. */
import type { FolderFinding } from "../../lib/index.ts";
import { printable } from "../cli/printable.ts";

/** With its fields in the order that help tells. */
export function findingJson({ kind, topic, ...rest }: FolderFinding): object {
  return { kind, topic, ...rest };
}

export function findingText(finding: FolderFinding): string {
  const { kind, file, position, type, expected, actual, message } = finding;
  const place = position === undefined ? "" : ` at byte ${position}`;
  const compared = expected === undefined ? "" : `: expected ${expected}, found ${actual}`;
  const reason = type === undefined ? compared.slice(2) : type + compared;
  return printable(`${kind}: ${file}${place}: ${message}${reason === "" ? "" : ` (${reason})`}`);
}
