/** The door to the log for the topic layer. */
export { type Frame, type FrameHeader, frameAt, frameBytes, frameEndOffset, framesOf } from "./frame.ts";
export type * from "./log.ts";
export { LogShared } from "./log-shared.ts";
export { createLogFolder, type OpenLogOptions, openLog } from "./open-log.ts";
