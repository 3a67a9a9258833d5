/** The words for rights on a topic, and for what a route needs. */

export const RIGHTS = ["read", "write", "admin"] as const;

/** On a topic. None implies another: who deletes topics need not see what is in them. */
export type Right = (typeof RIGHTS)[number];

/**
 * What a route asks for: a right on the topic that its path names; `token`: any valid token, whatever its rights;
 * `metrics`: any valid token, unless the operator opened the metrics; `nothing`: it is for everybody.
 */
export type Need = Right | "token" | "metrics" | "nothing";

export function isRight(word: unknown): word is Right {
  return RIGHTS.some((right) => right === word);
}
