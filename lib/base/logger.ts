/** The engine's log lines. The shape is pino's, so that a pino logger serves as it is. */
export interface Logger {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Where it is there, tells whether lines of a level go anywhere. */
  isLevelEnabled?(level: "debug"): boolean;
}

/** Drops every line. */
export const silentLogger: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
};
