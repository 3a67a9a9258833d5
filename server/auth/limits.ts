/** The caps of token files, and of how often clients may ask. */
import { type BaseCaps, SECOND_MS } from "../../lib/index.ts";

export class AuthCaps {
  /** Tokens of a token file. */
  readonly tokens: number = 1000;
  /** Patterns of topics of one token. */
  readonly tokenPatterns: number = 100;
  /** Characters of a token's name. */
  readonly tokenNameLength: number = 128;
  /** Domains that a token's user is in. */
  readonly tokenDomains: number = 1000;
  /** Characters of the id of a user or a domain. */
  readonly identityLength: number = 1024;
  /** Clients whose rate is remembered; the server forgets the ones longest not seen first. */
  readonly rateLimitedClients: number = 10_000;
  /** Requests of one address that need no token: health, description, OPTIONS. */
  readonly openRequestsPerSecond: number = 1000;
  /** Refusals of one address without a valid token, where tokens are used. */
  readonly refusalsPerSecond: number = 1000;
  /** Time that one refusal more waits for its answer. */
  readonly refusalDelayMs: number = SECOND_MS;
}

/** What server/auth is handed. */
export interface Limits extends BaseCaps, AuthCaps {}
