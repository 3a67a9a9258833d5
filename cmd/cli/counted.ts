/** A number and what it counts: `1 topic`, `2 topics`. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}
