/** Input that is waited for only until it is to end. */

/** What `source` gives, until `signal` is aborted: then it ends as if that were all. */
export async function* untilAborted<Value>(
  source: AsyncIterable<Value>,
  signal: AbortSignal,
): AsyncGenerator<Value, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let stopWaiting = (): void => {};
  const stop = (): void => stopWaiting();
  signal.addEventListener("abort", stop, { once: true });
  try {
    while (!signal.aborted) {
      // Not a race with one promise for all: that would remember every piece.
      const next = await new Promise<IteratorResult<Value, unknown> | undefined>((resolve, reject) => {
        stopWaiting = () => resolve(undefined);
        iterator.next().then(resolve, reject);
      });
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    // Not waited for: where a read hangs, its end does too.
    void iterator.return?.().catch(() => {});
  }
}
