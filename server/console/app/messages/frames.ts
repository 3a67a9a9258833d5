/** The turns of this page: rows are drawn once a frame, and a flood of messages leaves time for that. */
import type { Frames } from "../feed/tail.ts";

/** So long may messages be taken in before the page draws. */
const BUSY_MS = 8;

export function pageFrames(): Frames {
  let begunMs = performance.now();
  return {
    request: (call) => {
      requestAnimationFrame(call);
    },
    turn() {
      // Nobody sees the page, and it would not be called before it is seen again.
      if (document.hidden || performance.now() - begunMs < BUSY_MS) return undefined;
      return new Promise((resolve) => {
        const go = (): void => {
          document.removeEventListener("visibilitychange", go);
          begunMs = performance.now();
          resolve();
        };
        document.addEventListener("visibilitychange", go);
        // Behind the drawing itself, and not before it.
        requestAnimationFrame(() => setTimeout(go));
      });
    },
  };
}
