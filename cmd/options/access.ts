/** Options of who may use the server: tokens, TLS, how often. */
import { type Network, parseNetwork, parseRate, type Rate } from "../../server/index.ts";
import type { Option, OptionTable } from "../cli/option.ts";
import { parseList } from "../cli/option-values.ts";
import { switchOption } from "../cli/switch-option.ts";

/** Paths are empty where there is no such file. */
export interface AccessOptions {
  readonly tokenFile: string;
  readonly areMetricsOpen: boolean;
  readonly isInsecure: boolean;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly rateLimit: Rate | "off";
  readonly trustedProxies: readonly Network[];
}

/** Said in place of a path; an empty one is refused, for it is a slip that would leave a server open. */
const NO_FILE = "none";

export const ACCESS_OPTIONS: OptionTable<AccessOptions> = {
  tokenFile: file("token_file", "File of the tokens that clients need, as `netlog token create` makes it"),
  areMetricsOpen: switchOption("open_metrics", "Show `/-/metrics` without a token"),
  isInsecure: switchOption("insecure", "Start without tokens, though others can reach the address"),
  tlsCert: file("tls_cert", "File of the certificate, in PEM form, to speak TLS with"),
  tlsKey: file("tls_key", "File of its private key, in PEM form"),
  rateLimit: {
    name: "rate_limit",
    kind: "value",
    placeholder: "<rate>",
    description: "Requests that each client, by token or else by address, may send: `100/s`, `600/m`",
    allowed: "off, or a whole number from 1 on and /s, /m or /h, such as 100/s",
    fallback: "off",
    parse: (text) => (text === "off" ? text : parseRate(text)),
  },
  trustedProxies: {
    name: "trusted_proxy",
    kind: "list",
    placeholder: "<address>",
    description:
      "A proxy, or a network of them, whose `X-Forwarded-For` tells who the client is, and whose `X-Forwarded-Proto` tells whether it came by TLS; repeatable",
    allowed: "addresses or networks such as 10.0.0.7, 10.0.0.0/8 or fd00::/8",
    fallback: "",
    parse: (text) => parseList(text, parseNetwork),
  },
};

function file(name: string, description: string): Option<string> {
  return {
    name,
    kind: "value",
    placeholder: "<file>",
    description,
    allowed: `the path of a file, or ${NO_FILE}`,
    fallback: NO_FILE,
    parse: (text) => (text === NO_FILE ? "" : text || undefined),
  };
}
