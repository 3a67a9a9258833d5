/** All that is under one path, as far as everything but its own handlers needs to know. */

export interface Resource<Action = unknown> {
  /** In the words of the route table: `/:topic/scan`. */
  readonly path: string;
  /** By method. */
  readonly actions: ReadonlyMap<string, Action>;
  /** What the header of this name says. */
  readonly allow: string;
}
