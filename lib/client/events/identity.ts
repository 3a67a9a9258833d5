/**
 * The user for whom a program acts, `netlog/client/events/identity`: carried through promises, timers and callbacks by
 * Node's AsyncLocalStorage, which pages do not have, and so an entry of its own.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Identity } from "./platform-event.ts";

const acting = new AsyncLocalStorage<Identity | undefined>();

/**
 * Calls `act` for this user, and gives what it gives: all that `act` begins acts for the user, also after it returned.
 * `undefined` is nobody, for work that goes on by itself.
 *
 * @example
 * import { currentIdentity, withIdentity } from "netlog/client/events/identity";
 *
 * const email = await withIdentity({ id: "u-1", email: "ann@example.com" }, async () => {
 *   await netlog.topics();
 *   return currentIdentity()?.email;
 * });
 * console.log(email); // ann@example.com
 */
export function withIdentity<Result>(identity: Identity | undefined, act: () => Result): Result {
  return acting.run(identity, act);
}

/**
 * The user of the innermost `withIdentity` around this call; `undefined` outside of all.
 *
 * @example
 * import { currentIdentity } from "netlog/client/events/identity";
 *
 * console.log(currentIdentity()); // undefined
 */
export function currentIdentity(): Identity | undefined {
  return acting.getStore();
}
