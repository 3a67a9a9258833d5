/** A command that speaks to a server: its own flags beside those of the connection, failures as exit statuses. */
import type { NetlogClient } from "../../../lib/client/index.ts";
import { chooseValues, readVariables } from "../../cli/choose-values.ts";
import type { Command, Context } from "../../cli/command.ts";
import type { Option, OptionTable } from "../../cli/option.ts";
import { readArguments } from "../../cli/read-arguments.ts";
import { UsageError } from "../../cli/usage-error.ts";
import { CONNECTION_OPTIONS, type ConnectionOptions, connect } from "./connection.ts";
import { failureStatus, failureText, isFailure } from "./failure.ts";
import { warn, warnOfRetry } from "./warn.ts";

/** One call of the program. */
export interface ClientCall<Options> extends Context {
  readonly options: Options & ConnectionOptions;
  readonly operands: readonly string[];
  readonly netlog: NetlogClient;
}

interface ClientCommand<Options> extends Pick<Command, "usage" | "details"> {
  readonly options: OptionTable<Options>;
  /** Waits for a server that is away. */
  readonly isPatient?: boolean;
  run(call: ClientCall<Options>): Promise<number>;
}

export function clientCommand<Options extends object>(command: ClientCommand<Options>): Command {
  const { isPatient = false, run, ...texts } = command;
  const options = { ...command.options, ...CONNECTION_OPTIONS } as OptionTable<Options & ConnectionOptions>;
  return {
    ...texts,
    options: options as Readonly<Record<string, Option<unknown>>>,
    async run(context) {
      const { args, environment, stderr } = context;
      const all = Object.values<Option<unknown>>(options);
      const { flags, operands } = readArguments(all, args);
      const { options: chosen } = chooseValues(options, [flags, readVariables(all, environment)]);
      try {
        const onRetry = isPatient ? warnOfRetry(stderr) : undefined;
        const netlog = connect(chosen.server, chosen, environment, onRetry);
        return await run({ ...context, options: chosen, operands, netlog });
      } catch (error) {
        if (!isFailure(error)) throw error;
        warn(stderr, failureText(error));
        return failureStatus(error);
      }
    },
  };
}

/** @throws UsageError unless there is exactly one operand, `what`. */
export function oneOperand({ operands }: Pick<ClientCall<unknown>, "operands">, what: string): string {
  const [first, second] = operands;
  if (first === undefined) throw new UsageError(`${what} is missing`);
  if (second !== undefined) throw new UsageError(`unexpected argument "${second}"; flags begin with a dash`);
  return first;
}
