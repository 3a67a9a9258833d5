/** Which of many values to believe when they should ascend, and a few are garbage: as many as can be. */

/** Indexes of a longest strictly ascending subsequence of `values`, in order. */
export function longestRise(values: readonly number[]): number[] {
  /** At `n`: where the lowest value ends that n + 1 ascending ones can end with. */
  const ends: number[] = [];
  const before = new Int32Array(values.length).fill(-1);
  for (let i = 0; i < values.length; i++) {
    const length = countBelow(ends, values, values[i]!);
    before[i] = length === 0 ? -1 : ends[length - 1]!;
    ends[length] = i;
  }
  const rise: number[] = [];
  for (let i = ends.at(-1) ?? -1; i >= 0; i = before[i]!) rise.push(i);
  return rise.reverse();
}

function countBelow(ends: readonly number[], values: readonly number[], bound: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[ends[middle]!]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
