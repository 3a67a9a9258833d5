/** Tokens: what they look like, what is kept of them, and where a request carries one. */
import { hash, randomBytes } from "node:crypto";
import { TOKEN_PREFIX } from "../wire/quote.ts";

const SECRET_BYTES = 32;

const BEARER = /^bearer +(\S+) *$/i;
const BASIC = /^basic +(\S+) *$/i;

/** 256 random bits, behind the prefix, in characters that need no quoting anywhere. */
export function newToken(): string {
  return `${TOKEN_PREFIX}${randomBytes(SECRET_BYTES).toString("base64url")}`;
}

/**
 * SHA-256 in hex: all that is kept of a token. A slow hash with salt protects passwords because people choose them
 * from few; no guess hits 256 random bits, and this one is computed for each request.
 */
export function hashToken(token: string): string {
  return hash("sha256", token);
}

/**
 * The token of an `Authorization` header: Bearer's, or the password of Basic, whatever the user's name (`curl -u
 * :TOKEN`). `undefined` for anything else; a header that was sent twice comes joined by a comma, and is nothing.
 */
export function tokenOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const bearer = BEARER.exec(authorization)?.[1];
  if (bearer !== undefined) return bearer;
  const basic = BASIC.exec(authorization)?.[1];
  if (basic === undefined) return undefined;
  const credentials = Buffer.from(basic, "base64").toString("latin1");
  const colon = credentials.indexOf(":");
  return colon < 0 ? undefined : credentials.slice(colon + 1);
}
