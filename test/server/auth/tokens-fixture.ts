/** Tokens for tests of what they open. */
import { hashToken, newToken } from "../../../server/auth/token.ts";
import type { TokenRecord } from "../../../server/auth/token-record.ts";

export interface TestToken {
  readonly token: string;
  readonly record: TokenRecord;
}

let made = 0;

export function testToken(
  topics: readonly string[],
  rights: TokenRecord["rights"],
  more: Partial<TokenRecord> = {},
): TestToken {
  const token = newToken();
  made += 1;
  return { token, record: { name: `t${made}`, hash: `sha256:${hashToken(token)}`, topics, rights, ...more } };
}

export function bearer({ token }: Pick<TestToken, "token">): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** As curl sends `-u user:token`. */
export function basic({ token }: Pick<TestToken, "token">, user = ""): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${token}`).toString("base64")}` };
}
