/** Reads that found too many before them. */
import { isDatabaseError } from "../../lib/views/index.ts";

/** PostgreSQL's own SQLSTATE for a server without a free connection, which reads of a view give as well. */
const TOO_MANY_CONNECTIONS = "53300";

/** What a client gets then, in whatever form a view has for errors. */
export const BUSY: {
  readonly status: number;
  readonly headers: readonly string[];
  readonly message: string;
  readonly closes?: boolean;
} = {
  status: 503,
  headers: ["Retry-After", "1"],
  message: "too many reads wait for the database already; try again later",
};

/** The database may answer the same read a moment later. */
export function isBusy(error: unknown): boolean {
  return isDatabaseError(error, TOO_MANY_CONNECTIONS);
}
