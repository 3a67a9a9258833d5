/**
 * The caps that every part of the engine needs, and the units of all caps. Each part declares its own caps beside it, in
 * a file of this name; lib/limits.ts gathers those of the engine. A cap is checked before memory is taken. Its unit
 * stands at the end of its name; bytes are bytes, not characters.
 */

export const KiB = 1024;
export const MiB: number = 1024 * KiB;
export const GiB: number = 1024 * MiB;
export const SECOND_MS = 1000;
export const MINUTE_MS: number = 60 * SECOND_MS;
export const HOUR_MS: number = 60 * MINUTE_MS;
export const DAY_MS: number = 24 * HOUR_MS;

export class BaseCaps {
  /** Arrays and objects within each other, of all JSON that is taken: bodies, files of tokens and of configuration. */
  readonly jsonDepth: number = 64;
  /** Characters of a topic's name. */
  readonly topicNameLength: number = 255;
  /** Maximum time for a whole body, even if it keeps arriving. Streams are exempt. A repeated append waits no longer. */
  readonly bodyMs: number = 10 * MINUTE_MS;
}
