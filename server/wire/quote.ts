/** What a client sent, as errors and log lines may repeat it: little of it, and never a token. */

/** Each token begins with it, so that people and programs that look for leaked secrets know one at sight. */
export const TOKEN_PREFIX = "netlog_";

const TOKENS = new RegExp(`${TOKEN_PREFIX}[\\w-]+`, "g");
const QUOTED_LENGTH = 40;

/** `text` without the tokens in it: a token that was put into an URL is still a secret. */
export function withoutTokens(text: string): string {
  return text.includes(TOKEN_PREFIX) ? text.replace(TOKENS, `${TOKEN_PREFIX}…`) : text;
}

/** The beginning of `text`, quoted, without tokens. */
export function quoteSafely(text: string): string {
  const safe = withoutTokens(text);
  return JSON.stringify(safe.length > QUOTED_LENGTH ? `${safe.slice(0, QUOTED_LENGTH)}…` : safe);
}
