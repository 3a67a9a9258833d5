/** Options of views: which ones run, and where their tables are. A view's own settings are in its program. */
import { hideSettingSecrets, hideUrlSecrets } from "../cli/hide-secrets.ts";
import type { Option, OptionTable } from "../cli/option.ts";
import { type ListenAddress, parseChoice, parseList, parseListenAddress } from "../cli/option-values.ts";
import { switchOption } from "../cli/switch-option.ts";

export type ViewName = string;
export const VIEW_NAMES: readonly ViewName[] = ["payloads", "journal", "messages"];

/** `payloads.PUBLICPORT=8080`. */
export interface ViewSetting {
  readonly view: ViewName;
  readonly name: string;
  readonly value: string;
}

export interface ViewOptions {
  readonly views: readonly ViewName[];
  /** A URL, or PGLITE. */
  readonly db: string;
  /** Within the data folder, unless it is absolute. */
  readonly viewsDir: string;
  readonly viewFrom: "beginning" | "end";
  readonly skipsRefused: boolean;
  readonly viewSettings: readonly ViewSetting[];
  /** As the journal's own settings, which check them; empty: not given. */
  readonly journalAuth: string;
  readonly jwksUrl: string;
  readonly jwtIssuer: string;
  readonly jwtAudience: string;
  /** Where the view `messages` listens: its setting LISTEN. */
  readonly messagesListen: ListenAddress;
}

export const PGLITE = "pglite";
const ALL = "all";
const SETTING = /^([a-z]+)\.([A-Z][A-Z0-9_]*)=(.*)$/s;

/** Options that each stand for one setting of a view, by their names. */
export const SETTING_OPTIONS: Readonly<Record<string, Pick<ViewSetting, "view" | "name">>> = {
  journal_auth: { view: "journal", name: "AUTH" },
  jwks_url: { view: "journal", name: "JWKS_URL" },
  jwt_issuer: { view: "journal", name: "JWT_ISSUER" },
  jwt_audience: { view: "journal", name: "JWT_AUDIENCE" },
  messages_listen: { view: "messages", name: "LISTEN" },
};

const CLAIM = {
  allowed: "a text without white space around it",
  isAllowed: (text: string): boolean => text === text.trim(),
};

export const VIEW_OPTIONS: OptionTable<ViewOptions> = {
  views: {
    name: "view",
    kind: "list",
    placeholder: "<name>",
    description: "A view to run in this process, or `all`; repeatable",
    allowed: `${VIEW_NAMES.join(", ")} or ${ALL}`,
    fallback: "",
    parse: (text) => {
      const names = parseList(text, (part) => parseChoice(part, [...VIEW_NAMES, ALL]));
      return names?.includes(ALL) === true ? VIEW_NAMES : (names as readonly ViewName[] | undefined);
    },
  },
  db: {
    name: "db",
    kind: "value",
    placeholder: "<url>",
    description: "PostgreSQL server for the tables of views; PGlite runs in this process without one",
    allowed: `${PGLITE}, or a URL that begins with postgres:// or postgresql://`,
    fallback: PGLITE,
    // A URL of a socket names no host, which Node's URL does not take.
    parse: (text) => (text === PGLITE || /^postgres(ql)?:\/\//.test(text) ? text : undefined),
    hide: hideUrlSecrets,
  },
  viewsDir: {
    name: "views_dir",
    kind: "value",
    placeholder: "<folder>",
    description: "Folder of PGlite's files, within the data folder unless its path is absolute",
    allowed: "the path of a folder",
    fallback: ".views",
    parse: (text) => (text === "" ? undefined : text),
  },
  viewFrom: {
    name: "view_from",
    kind: "value",
    placeholder: "<place>",
    description: "Where a view begins in a topic that it has not read: its `beginning` or its `end`",
    allowed: "beginning or end",
    fallback: "beginning",
    parse: (text) => parseChoice(text, ["beginning", "end"]),
  },
  skipsRefused: switchOption(
    "skip_refused",
    "Make dead letters of all messages that a view's database refuses; too many of them stop the view otherwise",
  ),
  viewSettings: {
    name: "view_set",
    kind: "list",
    placeholder: "<setting>",
    description: "A view's own setting, `payloads.PUBLICPORT=8080`; repeatable",
    allowed: "a view, a dot, the name of a setting, = and its value, such as payloads.PUBLICPORT=8080",
    fallback: "",
    parse: (text) => parseList(text, parseSetting),
    hide: hideSettingSecrets,
  },
  journalAuth: settingOption({
    name: "journal_auth",
    placeholder: "<mode>",
    description:
      "Who may ask the journal: `tokens` of the token file, `jwks` (JSON Web Tokens), or `none`: everybody, on loopback alone",
    allowed: "tokens, jwks or none",
    isAllowed: (text) => ["tokens", "jwks", "none"].includes(text),
  }),
  jwksUrl: settingOption({
    name: "jwks_url",
    placeholder: "<url>",
    description: "Where the journal finds the keys of JSON Web Tokens",
    allowed: "a URL",
    isAllowed: (text) => URL.canParse(text),
  }),
  jwtIssuer: settingOption({
    name: "jwt_issuer",
    placeholder: "<issuer>",
    description: "Issuer that these tokens name (claim iss)",
    ...CLAIM,
  }),
  jwtAudience: settingOption({
    name: "jwt_audience",
    placeholder: "<audience>",
    description: "Audience that these tokens name (claim aud)",
    ...CLAIM,
  }),
  messagesListen: {
    name: "messages_listen",
    kind: "value",
    placeholder: "<address>",
    description: "Address on which the view `messages` serves gRPC",
    allowed: "host:port, such as 127.0.0.1:50051 or :50051",
    fallback: "127.0.0.1:50051",
    parse: parseListenAddress,
  },
};

/** One of SETTING_OPTIONS; the view looks closer at what it gets. */
function settingOption({
  isAllowed,
  ...described
}: Pick<Option<string>, "name" | "placeholder" | "description" | "allowed"> & {
  readonly isAllowed: (text: string) => boolean;
}): Option<string> {
  const parse = (text: string): string | undefined => (text === "" || isAllowed(text) ? text : undefined);
  return { kind: "value", fallback: "", ...described, parse };
}

function parseSetting(text: string): ViewSetting | undefined {
  const [, given = "", name = "", value = ""] = SETTING.exec(text) ?? [];
  const view = parseChoice(given, VIEW_NAMES);
  return view === undefined ? undefined : { view, name, value };
}
