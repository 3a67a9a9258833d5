/** Makes the next message of a log's stream out of the appends that wait. */
import type { GuardedAppends } from "../../log/guarded-appends.ts";
import type { PendingAppend } from "../../log/pending-append.ts";
import type { Draft } from "./log-writer.ts";
import { type MessageRoom, roomFor } from "./message-room.ts";

export interface NextMessageParts {
  /** What goes into the message is taken out. */
  readonly queue: PendingAppend[];
  readonly guarded: GuardedAppends;
  /** What there is room for beside the bytes that the message has. */
  readonly room: (messageBytes: number) => MessageRoom;
  /** Gives a group its offsets, and puts its frames into the draft. */
  readonly write: (draft: Draft, group: readonly PendingAppend[]) => void;
}

export interface NextMessage {
  readonly draft: Draft;
  /** The last append, where it closes the log. */
  readonly closing: PendingAppend | undefined;
}

/** One message of all that waits, as far as it fits; the draft is empty where all of that had its answer before. */
export function nextMessage({ queue, guarded, room, write }: NextMessageParts): NextMessage {
  const draft: Draft = { appends: [], pieces: [], sizeBytes: 0 };
  while (queue.length > 0) {
    const runEnd = guarded.judgeRun(queue, 0);
    if (runEnd === 0) continue;
    const end = roomFor(queue, runEnd, room(draft.sizeBytes));
    if (end === 0) break;
    const group = queue.splice(0, end);
    write(draft, group);
    const last = group.at(-1)!;
    if (last.entry.closes === true) return { draft, closing: last };
  }
  return { draft, closing: undefined };
}
