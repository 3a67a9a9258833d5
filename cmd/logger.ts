/**
 * The program's log lines, on stderr: for people on a terminal, JSON otherwise. Every line is written before the
 * call returns, so that none is lost when the process ends.
 */
import { type Logger as PinoLogger, pino, stdSerializers, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";
import { withoutTokens } from "../server/index.ts";

/** NetLog's levels, and pino's word for one of them. */
export const LOG_LEVELS = ["trace", "debug", "info", "warning", "error", "alert", "warn"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

const PINO_LEVELS: Readonly<Record<LogLevel, string>> = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warning: "warn",
  warn: "warn",
  error: "error",
  alert: "fatal",
};

const STDERR = 2;

export function createLogger(level: LogLevel, isTerminal: boolean): PinoLogger {
  const destination = isTerminal
    ? pretty({
        destination: STDERR,
        sync: true,
        colorize: true,
        singleLine: true,
        translateTime: "SYS:HH:MM:ss.l",
      })
    : pino.destination({ dest: STDERR, sync: true });
  return pino(
    {
      level: PINO_LEVELS[level],
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: isTerminal ? {} : { level: (label) => ({ level: label }) },
      serializers: {
        err: stdSerializers.err,
        error: stdSerializers.err,
        cause: stdSerializers.err,
        url: withoutTokens,
      },
    },
    destination,
  );
}
