/** The server's address and the token: flags and variables of every command that calls a server. */
import { readFileSync } from "node:fs";
import { NetlogClient, type RetryPolicy } from "../../../lib/client/index.ts";
import type { OptionTable } from "../../cli/option.ts";
import { JSON_OPTION } from "../../cli/switch-option.ts";
import { UsageError } from "../../cli/usage-error.ts";
import { TOKEN_FROM_VARIABLE, TOKEN_VARIABLE, URL_VARIABLE } from "../../cli/variables.ts";
import { type Optional, textFlag, valueFlag } from "./flags.ts";

export interface ConnectionOptions {
  readonly server: string;
  readonly tokenFrom: Optional<string>;
  readonly json: boolean;
}

export const CONNECTION_OPTIONS: OptionTable<ConnectionOptions> = {
  server: {
    ...valueFlag({
      name: "server",
      placeholder: "<url>",
      description: "URL of the server",
      allowed: "an http or https URL without user and password, such as http://localhost:7200",
      fallback: "http://127.0.0.1:7200",
      parse: parseServerUrl,
    }),
    variable: URL_VARIABLE,
  },
  tokenFrom: {
    ...textFlag(
      "token_from",
      "<file>",
      `File whose first line is the token; without it ${TOKEN_VARIABLE} is`,
      "the path of a file",
    ),
    variable: TOKEN_FROM_VARIABLE,
  },
  json: JSON_OPTION,
};

/** A person waits: the command gives up soon. */
const RETRY: Partial<RetryPolicy> = { attempts: 3, minDelayMs: 50, maxDelayMs: 500 };
/** For long work: some ten seconds. */
const PATIENT_RETRY: Partial<RetryPolicy> = { attempts: 9, minDelayMs: 100, maxDelayMs: 5000 };

/** With `onRetry` it waits for a server that is away, and reports each wait. */
export function connect(
  server: string,
  { tokenFrom }: Pick<ConnectionOptions, "tokenFrom">,
  environment: Readonly<Record<string, string | undefined>>,
  onRetry?: RetryPolicy["onRetry"],
): NetlogClient {
  const token = tokenOf({ tokenFrom }, environment);
  return new NetlogClient(server, {
    token,
    retry: onRetry === undefined ? RETRY : { ...PATIENT_RETRY, onRetry },
  });
}

/** The token that a command sends; `undefined`: none. @throws UsageError. */
export function tokenOf(
  { tokenFrom }: Pick<ConnectionOptions, "tokenFrom">,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return tokenFrom === null ? environment[TOKEN_VARIABLE] || undefined : readToken(tokenFrom);
}

function readToken(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`the token file ${path} cannot be read (${code})`);
  }
  const [line = ""] = text.split("\n");
  if (line.trim() === "") throw new UsageError(`the first line of the token file ${path} is empty`);
  return line.trim();
}

/** `localhost:7200` is taken for http. Without a slash at its end. */
export function parseServerUrl(text: string): string | undefined {
  const full = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(full)) return undefined;
  const { protocol, username, password, search, hash, host } = new URL(full);
  const isServer = (protocol === "http:" || protocol === "https:") && host !== "";
  if (!isServer || username + password + search + hash !== "") return undefined;
  return full.replace(/\/+$/, "");
}
