/** A topic of this process as a copy that runs ahead reads it: what `GET /:topic` and `GET /:topic/batch` answer. */
import type { Netlog, ServedTopic } from "../../lib/index.ts";

/** `maxBytes` bounds one read. */
export function servedBy(netlog: () => Netlog, name: string, maxBytes = 2000): ServedTopic {
  return {
    async describe() {
      const { id, first_offset, latest_offset, segments } = await netlog().topic(name).info();
      const segmentStarts = segments.map((segment) => segment.first_offset);
      return { id, startOffset: first_offset, endOffset: latest_offset + 1, segmentStarts };
    },
    async read(offset, maxMessages) {
      const cursor = netlog().topic(name).openCursor();
      const bounds = { maxMessages, maxBytes, mayUse: () => true };
      const { bytes } = await cursor.collectFrames(offset, bounds);
      const copied = Buffer.from(bytes);
      cursor.release();
      return copied;
    },
  };
}
