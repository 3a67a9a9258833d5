/** What a failed call to a server means for the shell: one line, and an exit status. */
import { isNetlogClientError, type NetlogClientError } from "../../../lib/client/index.ts";
import { EXIT } from "../../cli/command.ts";
import { printable } from "../../cli/printable.ts";
import { TOKEN_VARIABLE, URL_VARIABLE } from "../../cli/variables.ts";

/** Statuses by the error's code; every other code is `failed`. */
const STATUSES: readonly (readonly [status: number, codes: readonly string[]])[] = [
  [EXIT.usage, ["invalid_argument", "invalid_topic_name"]],
  [EXIT.notFound, ["topic_not_found", "scanner_not_found", "offset_not_found", "not_found"]],
  [
    EXIT.unavailable,
    [
      "unreachable",
      "connection_lost",
      "timed_out",
      "request_timeout",
      "too_many_requests",
      "topic_unavailable",
      "shutting_down",
    ],
  ],
  [EXIT.nothing, ["end_of_topic"]],
  [EXIT.denied, ["unauthorized", "forbidden"]],
];

/** Statuses that a proxy gives when its server is away. */
const PROXY_STATUSES: readonly (number | undefined)[] = [502, 503, 504];

/** True for what is wrong with the server or on the way to it; anything else is a defect and should crash. */
export function isFailure(error: unknown): error is NetlogClientError {
  return isNetlogClientError(error);
}

export function failureStatus({ code, status }: NetlogClientError): number {
  if (code === "unexpected_answer" && PROXY_STATUSES.includes(status)) return EXIT.unavailable;
  return STATUSES.find(([, codes]) => codes.includes(code))?.[0] ?? EXIT.failed;
}

/** What may help, by the error's code. */
const HINTS: Readonly<Record<string, string>> = {
  unreachable: `is the server running? --server and ${URL_VARIABLE} say where it is`,
  unauthorized: `give a token in ${TOKEN_VARIABLE}, or a file that has it with --token-from`,
};

/** One line, without the program's name. */
export function failureText({ message, code }: NetlogClientError): string {
  const hint = HINTS[code];
  return printable(hint === undefined ? message : `${message}; ${hint}`);
}
