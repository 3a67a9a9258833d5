/** `netlog health`: asks the server that these options start whether it is well; for containers and monitors. */
import { type IncomingMessage, request } from "node:http";
import { request as requestTls } from "node:https";
import { type Command, type Context, EXIT } from "../cli/command.ts";
import type { OptionTable } from "../cli/option.ts";
import { formatListenAddress, type ListenAddress } from "../cli/option-values.ts";
import { switchOption } from "../cli/switch-option.ts";
import { SERVE_OPTIONS } from "../options/options.ts";
import { parseOptions } from "../options/parse-options.ts";

interface HealthOptions {
  readonly config: string;
  readonly listen: ListenAddress;
  readonly tlsCert: string;
  readonly isReadyAsked: boolean;
}

/** Longer than a server needs whose disk is slow. */
const TIMEOUT_MS = 5000;
const OK = 200;
const ANY_ADDRESSES = ["", "0.0.0.0", "::"];

const HEALTH_OPTIONS: OptionTable<HealthOptions> = {
  config: SERVE_OPTIONS.config,
  listen: { ...SERVE_OPTIONS.listen, description: "Address that the server listens on" },
  tlsCert: { ...SERVE_OPTIONS.tlsCert, description: "Named where the server speaks TLS; it is not verified" },
  isReadyAsked: switchOption(
    "ready",
    "Ask whether it can take messages, too: `/-/ready` in place of `/-/health`",
  ),
};

export const healthCommand: Command = {
  usage: "[flags]",
  details: [
    "Finds it by the environment and the configuration file that it was started with, needs no token, and prints\n" +
      "what it answers.",
    `Ends with status 0 when all is well, and 1 when not, or when there is no answer within ${TIMEOUT_MS / 1000} s.`,
  ],
  options: HEALTH_OPTIONS,
  run(context) {
    return askHealth(parseOptions(HEALTH_OPTIONS, context.args, context.environment), context);
  },
};

/** What may be wrong, by the code of the system's error. */
const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: ": is the server running? --listen says where it is",
  ECONNRESET: ": where it speaks TLS, --tls-cert says so",
  EPROTO: ": it does not speak TLS; leave --tls-cert out",
};

async function askHealth(options: HealthOptions, { stdout, stderr }: Context): Promise<number> {
  const path = options.isReadyAsked ? "/-/ready" : "/-/health";
  try {
    const { status, text } = await get(options, path);
    stdout.write(text);
    return status === OK ? EXIT.ok : EXIT.failed;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const address = formatListenAddress({ ...options.listen, host: hostOf(options.listen) });
    const hint = code === undefined ? "" : (HINTS[code] ?? "");
    stderr.write(`netlog: no answer from ${address} (${code ?? message})${hint}\n`);
    return EXIT.failed;
  }
}

function hostOf({ host }: ListenAddress): string {
  return ANY_ADDRESSES.includes(host) ? "localhost" : host;
}

function get({ listen, tlsCert }: HealthOptions, path: string): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const options = {
    host: hostOf(listen),
    port: listen.port,
    path,
    signal,
    agent: false,
    rejectUnauthorized: false,
  };
  return new Promise((resolve, reject) => {
    const asked = (tlsCert === "" ? request : requestTls)(options, (answer: IncomingMessage) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      answer.once("error", reject).once("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.once("error", reject).end();
  });
}
