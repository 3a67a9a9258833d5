/**
 * The program's log lines, on stderr: for people on a terminal, JSON otherwise. A line is given to the system before
 * the call returns, unless the system does not take it now: see log-output.ts.
 */
import { writeSync } from "node:fs";
import { type LoggerOptions, type Logger as PinoLogger, pino, stdSerializers, stdTimeFunctions } from "pino";
import { nodeRuntime } from "../../lib/index.ts";
import { withoutTokens } from "../../server/index.ts";
import { LIMITS } from "../options/limits.ts";
import type { LogLevel } from "../options/logging.ts";
import { LogOutput, openLogDescriptor } from "./log-output.ts";

const PINO_LEVELS: Readonly<Record<LogLevel, string>> = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warning: "warn",
  warn: "warn",
  error: "error",
  alert: "fatal",
};

export interface ProgramLog {
  readonly logger: PinoLogger;
  readonly output: LogOutput;
}

export async function openLog(level: LogLevel, isTerminal: boolean): Promise<ProgramLog> {
  const format = isTerminal ? await formatForPeople() : (line: string) => line;
  const descriptor = openLogDescriptor();
  const output = new LogOutput({
    write: (bytes) => writeSync(descriptor, bytes),
    gapLine: (droppedCount) => format(gapLine(droppedCount, isTerminal)),
    runtime: nodeRuntime,
    waitingBytes: LIMITS.logWaitingBytes,
  });
  const logger = pino(loggerOptions(PINO_LEVELS[level], isTerminal), {
    write: (line) => output.write(format(line)),
  });
  return { logger, output };
}

/** Loaded for a terminal alone: most servers have none, and start sooner without it. */
async function formatForPeople(): Promise<(line: string) => string> {
  const { prettyFactory } = await import("pino-pretty");
  return prettyFactory({ colorize: true, singleLine: true, translateTime: "SYS:HH:MM:ss.l" });
}

/** Whatever level is logged: the reader has to know that lines are missing. */
function gapLine(droppedCount: number, isTerminal: boolean): string {
  let text = "";
  const write = (line: string): void => {
    text = line;
  };
  const logger = pino(loggerOptions("warn", isTerminal), { write });
  logger.warn({ droppedCount }, `the log could not be written: ${droppedCount} lines are missing here`);
  return text;
}

function loggerOptions(level: string, isTerminal: boolean): LoggerOptions {
  return {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: isTerminal ? {} : { level: (label) => ({ level: label }) },
    serializers: {
      err: stdSerializers.err,
      error: stdSerializers.err,
      cause: stdSerializers.err,
      url: withoutTokens,
    },
  };
}
