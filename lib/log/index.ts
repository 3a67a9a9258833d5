/** The door to the log for the topic layer. */
export { dumpFrames, type FrameDump } from "./dump-frames.ts";
export { dumpIndex, type IndexDump } from "./dump-index.ts";
export { damageFinding, type FileFinding, unreadableFinding } from "./file-finding.ts";
export { FileWindow } from "./file-window.ts";
export { forkLog } from "./fork-log.ts";
export {
  FRAME_HEADER_BYTES,
  frameBytes,
  framesOf,
} from "./frame.ts";
export { type FrameWindow, openFrameWindow } from "./frame-window.ts";
export { type InspectStep, inspectLog, type LogInspection } from "./inspect.ts";
export type * from "./log.ts";
export { LogBuilder } from "./log-builder.ts";
export { LogShared } from "./log-shared.ts";
export { OpenFiles, type PooledFile } from "./open-files.ts";
export { createLogFolder, openLog } from "./open-log.ts";
export type { FramePlan } from "./segment-builder.ts";
export { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from "./segment-header.ts";
export {
  isDataFileName,
  isLogFileName,
  isTornFileName,
  parseIndexFileName,
  parseRewriteFileName,
} from "./segment-name.ts";
