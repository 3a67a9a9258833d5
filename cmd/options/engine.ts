/** Options of an engine in place of a data folder: topics on NATS JetStream, for any number of servers. */
import { ENGINE_PREFIX_RULE, isEnginePrefix } from "../../lib/index.ts";
import { hideUrlSecrets } from "../cli/hide-secrets.ts";
import { flagOf, type GivenOptions, type Option, type OptionTable } from "../cli/option.ts";
import { parseInteger, parseList, parseOrigin } from "../cli/option-values.ts";
import { switchOption } from "../cli/switch-option.ts";
import { TOPIC_OPTIONS } from "./topics.ts";

export interface EngineOptions {
  /** URLs of NATS servers; none: topics are in a data folder. */
  readonly engine: readonly string[];
  readonly enginePrefix: string;
  readonly engineCopies: number;
  /** URLs of their monitoring ports. */
  readonly engineMonitors: readonly string[];
  readonly isEngineUnsafe: boolean;
  /** Path of a file; empty for none. */
  readonly engineCredentials: string;
  /** The same. */
  readonly engineSystemCredentials: string;
  /** A URL; empty: made of `listen`, where that names an address. */
  readonly advertise: string;
}

const NONE = "none";
const NATS_URL = /^(?:nats|tls):\/\/[^\s,/?#]+$/;
const MAX_COPIES = 5;

const CREDENTIALS = {
  allowed: `the path of a file, or ${NONE}`,
  fallback: NONE,
  parse: (text: string): string | undefined => (text === NONE ? "" : text || undefined),
};

export const ENGINE_OPTIONS: OptionTable<EngineOptions> = {
  engine: {
    name: "engine",
    kind: "list",
    placeholder: "<url>",
    description: "A NATS server whose JetStream keeps the topics, in place of a data folder; repeatable",
    allowed: "URLs such as nats://a:4222 or tls://a:4222, with user and password where NATS wants them",
    fallback: "",
    parse: (text) =>
      parseList(text, (part) => (NATS_URL.test(part) && URL.canParse(part) ? part : undefined)),
    hide: hideUrlSecrets,
  },
  enginePrefix: {
    name: "engine_prefix",
    kind: "value",
    placeholder: "<name>",
    description: "Begins the names of streams and subjects: servers of one prefix have the same topics",
    allowed: ENGINE_PREFIX_RULE,
    fallback: "netlog",
    parse: (text) => (isEnginePrefix(text) ? text : undefined),
  },
  engineCopies: {
    name: "engine_copies",
    kind: "number",
    placeholder: "<count>",
    description: "Copies of each new topic, on as many NATS servers",
    allowed: `an odd number from 1 to ${MAX_COPIES}`,
    fallback: "3",
    parse: (text) => {
      const copies = parseInteger(text, 1, MAX_COPIES);
      return copies !== undefined && copies % 2 === 1 ? copies : undefined;
    },
  },
  engineMonitors: {
    name: "engine_monitor",
    kind: "list",
    placeholder: "<url>",
    description:
      "The monitoring port of a NATS server, which tells whether it syncs each message, and how full it is; repeatable",
    allowed: "URLs such as http://a:8222, one for each server",
    fallback: "",
    parse: (text) => parseList(text, parseOrigin),
  },
  isEngineUnsafe: switchOption(
    "engine_unsafe",
    "Start though NATS acknowledges messages before they are on its disks, or may do so",
  ),
  engineCredentials: {
    name: "engine_credentials",
    kind: "value",
    placeholder: "<file>",
    description: "File of credentials for NATS: .creds, or a line `user:password`",
    ...CREDENTIALS,
  },
  engineSystemCredentials: {
    name: "engine_system_credentials",
    kind: "value",
    placeholder: "<file>",
    description:
      "The same for a user of the system account of NATS, which tells whether its servers sync each message, and how full they are",
    ...CREDENTIALS,
  },
  advertise: {
    name: "advertise",
    kind: "value",
    placeholder: "<url>",
    description:
      "URL at which the other servers of the same engine reach this one; that of `--listen` where it names one",
    allowed: "an origin such as http://queue-1.example:7200",
    fallback: "",
    parse: (text) => (text === "" ? "" : parseOrigin(text)),
  },
};

/** What needs an engine, or excludes one; `given` says what was set, and where. */
export function engineConflict(
  options: EngineOptions & { readonly views: readonly string[] },
  given: GivenOptions,
): string | undefined {
  // What `netlog config` prints names every option, most of them with their defaults.
  const isSet = ({ name, fallback }: Option<unknown>): boolean =>
    (given.get(name)?.text ?? fallback) !== fallback;
  if (options.engine.length === 0) {
    const all: readonly Option<unknown>[] = Object.values(ENGINE_OPTIONS);
    const lonely = all.find((option) => option.name !== "engine" && isSet(option));
    return lonely && `${flagOf(lonely.name)} needs --engine, the NATS servers that keep the topics`;
  }
  // An image or a unit sets NETLOG_DIR for all its servers; a flag or a line of the file is meant.
  const dir = given.get("dir");
  if (dir?.origin === "flag" || (dir?.origin === "file" && isSet(TOPIC_OPTIONS.dir))) {
    return `--dir and --engine exclude each other: topics are in a folder, or on NATS`;
  }
  if (options.views.length > 0) {
    return "views run beside a server with --engine, not in it: leave --view out, and start `netlog view <name> --log <url>,…` with the URLs of the servers";
  }
  return undefined;
}
