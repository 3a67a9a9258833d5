/** `netlog token`: makes, lists and revokes the tokens of a token file, which a server may be using meanwhile. */
import { resolve } from "node:path";
import {
  checkRecord,
  HASH_PREFIX,
  hashToken,
  newToken,
  RIGHTS,
  type Right,
  TokenFileError,
  type TokenRecord,
} from "../../server/index.ts";
import { type Command, type Context, EXIT } from "../cli/command.ts";
import type { OptionTable } from "../cli/option.ts";
import { DURATION, parseChoice, parseDurationMs, parseList } from "../cli/option-values.ts";
import { JSON_OPTION, switchOption } from "../cli/switch-option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { CredentialError, readTokenFile } from "../options/credential-files.ts";
import { LIMITS } from "../options/limits.ts";
import { SERVE_OPTIONS } from "../options/options.ts";
import { parseArguments } from "../options/parse-options.ts";
import { editTokenFile } from "./token-store.ts";

interface TokenOptions {
  readonly config: string;
  readonly tokenFile: string;
  readonly name: string;
  readonly topics: readonly string[];
  readonly rights: readonly Right[];
  readonly user: string;
  readonly domains: readonly string[];
  readonly isPlatformAdmin: boolean;
  readonly expiresMs: number;
  readonly json: boolean;
}

const NEVER = "never";
const DEFAULT_FILE = "tokens.json";

const TOKEN_OPTIONS: OptionTable<TokenOptions> = {
  config: SERVE_OPTIONS.config,
  tokenFile: {
    ...SERVE_OPTIONS.tokenFile,
    description: "The token file; made when it is missing",
    allowed: "the path of a file",
    fallback: DEFAULT_FILE,
    parse: (text) => text || undefined,
  },
  name: {
    name: "name",
    variable: false,
    kind: "value",
    placeholder: "<name>",
    description: "What the token is called in lists and logs",
    allowed: "a name that no other token of the file has",
    fallback: "",
    parse: (text) => text,
  },
  topics: {
    name: "topics",
    variable: false,
    kind: "list",
    placeholder: "<pattern>",
    description: "Topics that the rights are for, where * stands for anything; repeatable",
    allowed: "patterns of topic names, such as orders or logs-*",
    fallback: "",
    parse: (text) => parseList(text, (pattern) => pattern),
  },
  rights: {
    name: "rights",
    variable: false,
    kind: "list",
    placeholder: "<right>",
    description: "What may be done there: read, write, admin; none stands for another; repeatable",
    allowed: `some of ${RIGHTS.join(", ")}`,
    fallback: "",
    parse: (text) => parseList(text, (right) => parseChoice(right, RIGHTS)),
  },
  user: {
    name: "user",
    variable: false,
    kind: "value",
    placeholder: "<id>",
    description: "User that the token stands for, where a view asks that (the journal)",
    allowed: "the id of a user",
    fallback: "",
    parse: (text) => text,
  },
  domains: {
    name: "domains",
    variable: false,
    kind: "list",
    placeholder: "<id>",
    description: "Domains that the user is in, whose entities the journal shows; repeatable",
    allowed: "ids of domains",
    fallback: "",
    parse: (text) => parseList(text, (id) => id),
  },
  isPlatformAdmin: {
    ...switchOption("platform_admin", "The journal shows the token everything"),
    variable: false,
  },
  expiresMs: {
    name: "expires",
    variable: false,
    kind: "value",
    placeholder: "<duration>",
    description: "How long the token is valid",
    allowed: `${NEVER}, or ${DURATION}, more than 0`,
    fallback: NEVER,
    parse: (text) =>
      text === NEVER ? Number.POSITIVE_INFINITY : parseDurationMs(text, 1, Number.MAX_SAFE_INTEGER),
  },
  json: JSON_OPTION,
};

type Verb = (name: string, options: TokenOptions, context: Context) => void;

const VERBS: Readonly<Record<string, Verb>> = { create, list, revoke, delete: revoke };

export const tokenCommand: Command = {
  usage: "create|list|revoke [name] [flags]",
  details: [
    "  netlog token create --name ci --topics 'logs-*' --rights read,write\n" +
      "  netlog token list\n" +
      "  netlog token revoke ci",
    "create prints the token, alone, on stdout: this once, for the file keeps its hash. Clients send it as\n" +
      "`Authorization: Bearer <token>`, or as the password of Basic, whatever the user's name: `curl -u :<token>`.\n" +
      "read is for messages, scanners and info; write for publishing, closing and sync; admin for creating, changing,\n" +
      "checking and deleting topics. --user, --domains and --platform-admin are for views that ask who reads (the\n" +
      "journal); with --user or --platform-admin a token needs no topics and rights.",
    "A server that runs with --token-file reads the file at its start, and again on SIGHUP.",
    "Ends with status 0, 1 when the file cannot be read or changed or has no such token, 2 for wrong arguments.",
  ],
  options: TOKEN_OPTIONS,
  run: (context) => Promise.resolve(run(context)),
};

function run(context: Context): number {
  const { options, operands } = parseArguments(TOKEN_OPTIONS, context.args, context.environment);
  const [word = "", operand, more] = operands;
  const verb = Object.hasOwn(VERBS, word) ? VERBS[word] : undefined;
  if (verb === undefined) throw new UsageError("token takes create, list or revoke: see `netlog help token`");
  if (more !== undefined) throw new UsageError(`unexpected argument "${more}"`);
  try {
    verb(operand ?? options.name, options, context);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    context.stderr.write(`netlog: ${error.message}\n`);
    return EXIT.failed;
  }
}

function create(name: string, options: TokenOptions, { stdout, stderr }: Context): void {
  const nowMs = Date.now();
  const token = newToken();
  const record: TokenRecord = {
    name,
    hash: `${HASH_PREFIX}${hashToken(token)}`,
    topics: options.topics,
    rights: options.rights,
    ...(options.user === "" ? {} : { user: options.user }),
    ...(options.domains.length === 0 ? {} : { domains: options.domains }),
    ...(options.isPlatformAdmin ? { platform_admin: true } : {}),
    created: new Date(nowMs).toISOString(),
    ...(options.expiresMs === Number.POSITIVE_INFINITY ? {} : { expires: endOf(nowMs + options.expiresMs) }),
  };
  try {
    checkRecord(record, "token create", LIMITS);
  } catch (error) {
    if (!(error instanceof TokenFileError)) throw error;
    throw new UsageError(error.message);
  }
  editTokenFile(options.tokenFile, (tokens) => {
    if (tokens.some((other) => other.name === name)) {
      throw new CredentialError(`there is a token ${name} already; choose another name, or revoke it first`);
    }
    if (tokens.length === LIMITS.tokens)
      throw new CredentialError(`the file is full: ${LIMITS.tokens} tokens`);
    return [...tokens, record];
  });
  stdout.write(`${token}\n`);
  const path = resolve(options.tokenFile);
  stderr.write(
    `netlog: its hash is in ${path}, for servers with --token-file ${path}; they read it on SIGHUP\n`,
  );
}

function endOf(ms: number): string {
  const end = new Date(ms);
  if (Number.isNaN(end.getTime()) || end.getUTCFullYear() > 9999) {
    throw new UsageError(`--expires: there is no such time; ${NEVER} is for ever`);
  }
  return end.toISOString();
}

function list(name: string, { tokenFile, json }: TokenOptions, { stdout }: Context): void {
  const tokens = readTokenFile(tokenFile).filter((token) => name === "" || token.name === name);
  if (json) {
    for (const { hash: _hash, ...shown } of tokens) stdout.write(`${JSON.stringify(shown)}\n`);
    return;
  }
  const rows = tokens.map(({ name, topics, rights, created = "", expires = NEVER }) => [
    name,
    topics.join(","),
    rights.join(","),
    created,
    expires,
  ]);
  const head = ["NAME", "TOPICS", "RIGHTS", "CREATED", "EXPIRES"];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  for (const row of [head, ...rows]) {
    stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd()}\n`,
    );
  }
}

function revoke(name: string, { tokenFile }: TokenOptions, { stderr }: Context): void {
  if (name === "") throw new UsageError("revoke needs the name of a token: see `netlog token list`");
  editTokenFile(tokenFile, (tokens) => {
    const others = tokens.filter((token) => token.name !== name);
    if (others.length === tokens.length)
      throw new CredentialError(`there is no token ${name} in ${tokenFile}`);
    return others;
  });
  stderr.write(`netlog: ${name} is revoked; servers that run learn of it on SIGHUP\n`);
}
