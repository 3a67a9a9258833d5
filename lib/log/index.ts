/** The door to the log for the topic layer. */
export { damageFinding, type FileFinding, unreadableFinding } from "./file-finding.ts";
export { type Frame, type FrameHeader, frameAt, frameBytes, frameEndOffset, framesOf } from "./frame.ts";
export { type InspectStep, inspectLog, type LogInspection } from "./inspect.ts";
export type * from "./log.ts";
export { LogShared } from "./log-shared.ts";
export { createLogFolder, type OpenLogOptions, openLog } from "./open-log.ts";
export { isDataFileName, isLogFileName } from "./segment-name.ts";
