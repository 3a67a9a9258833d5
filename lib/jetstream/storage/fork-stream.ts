/** Begins the log of a fork with what an open log has up to a place: its frames, as they are. */
import type { Runtime } from "../../base/runtime.ts";
import { encodeFrame, FRAME_HEADER_BYTES, type Frame, frameEndOffset, framesOf } from "../../log/frame.ts";
import type { Log } from "../../log/log.ts";
import { forkEndOffset, type NewFork } from "../../topic/storage.ts";
import type { Limits } from "../nats/limits.ts";

/**
 * `target` is empty, and begins where the source does, which drops no messages meanwhile. Durable when it resolves.
 *
 * @throws checksum_error: the source is damaged there; what reading, the source's `cut` and `appendFrames` throw.
 */
export async function forkStream(
  fork: NewFork,
  target: Log,
  { runtime, limits }: { readonly runtime: Runtime; readonly limits: Limits },
): Promise<void> {
  const cursor = fork.log.openCursor();
  const endOffset = forkEndOffset(fork.source);
  for (let offset = target.logEndOffset; offset < endOffset; ) {
    const run = await cursor.read(offset, limits.engineMessageBytes);
    if (run === undefined) return;
    const frames = await framesBefore(framesOf(run.bytes), fork);
    await target.appendFrames(Buffer.concat(frames), "synced");
    offset = run.endOffset;
    await runtime.pause();
  }
}

/** Those that end at the place or before, and what the place leaves of the one that it cuts. */
async function framesBefore(frames: Iterable<Frame>, { source, cut }: NewFork): Promise<Buffer[]> {
  const endOffset = forkEndOffset(source);
  const kept: Buffer[] = [];
  for (const frame of frames) {
    const { header, entry } = frame;
    if (header.baseOffset >= endOffset) break;
    const isWhole = frameEndOffset(header) <= source.offset;
    const bytes = isWhole ? entry : await cut(frame);
    const frameOf = Buffer.allocUnsafe(FRAME_HEADER_BYTES + bytes.length);
    const messageCount = isWhole ? header.messageCount : endOffset - header.baseOffset;
    const facts = { ...header, messageCount, entryCrc: isWhole ? header.entryCrc : undefined };
    encodeFrame(frameOf, 0, facts, bytes);
    kept.push(frameOf);
  }
  return kept;
}
