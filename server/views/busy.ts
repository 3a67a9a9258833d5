/** Reads that the database may answer a moment later: too many wait before them, or the tables are not made yet. */
import { isDatabaseError } from "../../lib/views/index.ts";

/** PostgreSQL's own SQLSTATE for a server without a free connection, which reads of a view give as well. */
const TOO_MANY_CONNECTIONS = "53300";
/** A table, or the whole schema, is not there. */
const NO_TABLES = ["42P01", "3F"] as const;

/** What a client gets then, in whatever form a view has for errors. */
export interface Busy {
  readonly status: number;
  readonly headers: readonly string[];
  readonly message: string;
  readonly closes?: boolean;
}

const MANY_READS = busy("too many reads wait for the database already; try again later");
const NO_TABLES_YET = busy("the view is about to make its tables; try again later");

function busy(message: string): Busy {
  return { status: 503, headers: ["Retry-After", "1"], message };
}

/** `undefined`: the error is another one. */
export function busyWith(error: unknown): Busy | undefined {
  if (isDatabaseError(error, TOO_MANY_CONNECTIONS)) return MANY_READS;
  return isDatabaseError(error, ...NO_TABLES) ? NO_TABLES_YET : undefined;
}
