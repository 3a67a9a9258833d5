/**
 * Frees memory that has one owner, who is done with it. Left to the collector, large buffers that nobody needs any more
 * take twice the memory that is allowed.
 */

/** Nobody may look at `buffer` again. A message takes the memory with it, and goes with its port. */
export function freeMemory(buffer: ArrayBufferLike): void {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(undefined, [buffer as ArrayBuffer]);
  port1.close();
  port2.close();
}
