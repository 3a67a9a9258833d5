/**
 * Who may ask. An authenticator finds out whose request it is: from the server's tokens, from a JSON Web Token, or not at
 * all. Who is in a domain may read what is in it; the journal of a user is for that user, and for admins.
 */
import type { Identity } from "../../auth/access.ts";
import type { Need } from "../../auth/rights.ts";
import type { Exchange } from "../../http/exchange.ts";
import { HttpError } from "../../wire/errors.ts";
import type { AccessSettings } from "./settings.ts";

/** Whose request it is. */
export type Session = Identity;

export interface Authenticator {
  /** Where identities come from. The pages say so where they ask for a token. */
  readonly mode: AccessSettings["mode"];
  /** What its routes ask the server for. */
  readonly needs: Need;
  /** @throws unauthorized, forbidden. */
  authenticate(exchange: Exchange): Session | Promise<Session>;
}

/** Upstream's words. */
export const MISSING_TOKEN = "missing or invalid bearer user token";
export const FAILED_AUTHENTICATION = "failed to perform authentication over the entity";
const FAILED_AUTHORIZATION = "failed to perform authorization over the entity";
export const NOT_VERIFIED = "email not verified";

const BEARER = /^bearer +(\S+) *$/i;
const EVERYBODY: Session = { user: undefined, domains: [], isPlatformAdmin: true };

/** Everybody may read everything. */
export const openAccess: Authenticator = {
  mode: "none",
  needs: "nothing",
  authenticate: () => EVERYBODY,
};

/** The server has checked the token against its token file; the file says whom it stands for. */
export const tokenAccess: Authenticator = {
  mode: "tokens",
  needs: "token",
  authenticate: ({ grant }) => grant.identity ?? { user: undefined, domains: [], isPlatformAdmin: false },
};

/** The token of `Authorization: Bearer`. @throws unauthorized. */
export function bearerOf({ request }: Exchange): string {
  const token = BEARER.exec(request.header("authorization") ?? "")?.[1];
  if (token === undefined) throw unauthorized(MISSING_TOKEN);
  return token;
}

export function unauthorized(reason: string): HttpError {
  return new HttpError("unauthorized", { reason });
}

/** What may be read: an entity in a domain, or the journal of a user. */
export type Wanted = { readonly domain: string } | { readonly user: string };

/** @throws forbidden. */
export function authorize({ user, domains, isPlatformAdmin }: Session, wanted: Wanted): void {
  if (isPlatformAdmin) return;
  if ("domain" in wanted ? domains.includes(wanted.domain) : user !== undefined && user === wanted.user)
    return;
  throw new HttpError("forbidden", { reason: FAILED_AUTHORIZATION });
}
