/** Doing something for each of many, a bounded number at a time. */

/** Results in the order of `items`. Rejects with the first failure, when what was begun has ended. */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  let next = 0;
  const runOne = async () => {
    while (next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index]!);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  const runs = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, runOne));
  for (const run of runs) if (run.status === "rejected") throw run.reason;
  return results;
}
