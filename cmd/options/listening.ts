/** Options that say where the server listens, and which hosts and web pages may use it. */
import type { OptionTable } from "../cli/option.ts";
import {
  type ListenAddress,
  parseHostName,
  parseList,
  parseListenAddress,
  parseOrigin,
} from "../cli/option-values.ts";
import { switchOption } from "../cli/switch-option.ts";

export interface ListeningOptions {
  readonly listen: ListenAddress;
  readonly grpcListen: ListenAddress | "off";
  readonly allowedHosts: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly hasNoConsole: boolean;
}

export const LISTENING_OPTIONS: OptionTable<ListeningOptions> = {
  listen: {
    name: "listen",
    kind: "value",
    placeholder: "<address>",
    description: "Address to listen on; `:7200` is port 7200 on all interfaces, port 0 any free port",
    allowed: "host:port, such as 127.0.0.1:7200, [::1]:7200, localhost:7200 or :7200",
    fallback: "127.0.0.1:7200",
    parse: parseListenAddress,
  },
  grpcListen: {
    name: "grpc_listen",
    kind: "value",
    placeholder: "<address>",
    description: "Address to serve the log over gRPC on, too; off: it is not served",
    allowed: "off, or host:port, such as 127.0.0.1:7201 or :7201",
    fallback: "off",
    parse: (text) => (text === "off" ? text : parseListenAddress(text)),
  },
  allowedHosts: {
    name: "allowed_host",
    kind: "list",
    placeholder: "<host>",
    description: "A further `Host` that requests may name while the server listens on loopback; repeatable",
    allowed: "host names without scheme, port or path, such as queue.example",
    fallback: "",
    parse: (text) => parseList(text, parseHostName),
  },
  corsOrigins: {
    name: "cors_origin",
    kind: "list",
    placeholder: "<origin>",
    description: "An origin whose web pages may use the server; repeatable",
    allowed: "origins such as https://app.example or http://localhost:3000",
    fallback: "",
    parse: (text) => parseList(text, parseOrigin),
  },
  hasNoConsole: switchOption("no_console", "Serve no console for browsers under `/-/console/`"),
};
