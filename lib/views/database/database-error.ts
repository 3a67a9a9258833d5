/** The one error of the drivers, by SQLSTATE, and what a view does about it. */

/** SQLSTATE of what has none: the connection could not be made, or broke. */
export const CONNECTION_FAILURE = "08006";

/** SQLSTATE of a read that finds too many before it: PostgreSQL's own for a server without a free connection. */
const TOO_MANY_CONNECTIONS = "53300";

export class DatabaseError extends Error {
  /** Five characters: https://www.postgresql.org/docs/15/errcodes-appendix.html */
  readonly sqlState: string;

  constructor(sqlState: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "DatabaseError";
    this.sqlState = sqlState;
  }
}

/** `count` reads wait already, as many as may. */
export function tooManyReads(count: number): DatabaseError {
  return new DatabaseError(
    TOO_MANY_CONNECTIONS,
    `${count} reads wait for the database already; try again later`,
  );
}

/** True when `error` is a DatabaseError whose SQLSTATE begins with one of `states`, where any is given. */
export function isDatabaseError(error: unknown, ...states: readonly string[]): error is DatabaseError {
  if (!(error instanceof DatabaseError)) return false;
  return states.length === 0 || states.some((state) => error.sqlState.startsWith(state));
}

/**
 * - `wait`: the database is in trouble; the same is tried again, for as long as it takes, and nothing is skipped.
 * - `refuse`: these messages cannot be applied though the database works; the one at fault becomes a dead letter.
 * - `stop`: what is set up is wrong; a human has to mend it, and nothing is skipped meanwhile.
 */
export type Verdict = "wait" | "refuse" | "stop";

/** Connection, rollback of a whole transaction, resources, object state, operators, the system; read-only; internal. */
const WAIT = ["08", "40", "53", "55", "57", "58", "25006", "XX"] as const;
/** Values, constraints, program limits. */
const REFUSE = ["22", "23", "54"] as const;

/** What `apply` threw: see the classes above. An exception of its own is the fault of a message. */
export function verdictOf(error: unknown): Verdict {
  if (!isDatabaseError(error)) return "refuse";
  if (isDatabaseError(error, ...WAIT)) return "wait";
  return isDatabaseError(error, ...REFUSE) ? "refuse" : "stop";
}
