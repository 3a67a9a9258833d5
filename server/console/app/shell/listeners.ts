/** Those who want to know of changes: components, which draw themselves anew. */
import { useLayoutEffect, useReducer } from "hono/jsx/dom";

export class Listeners {
  readonly #all = new Set<() => void>();

  /** Returns what ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#all.add(listener);
    return () => {
      this.#all.delete(listener);
    };
  };

  tell(): void {
    for (const listener of [...this.#all]) listener();
  }
}

/** Draws the component anew after each change. */
export function useChanges({ changes }: { readonly changes: Listeners }): void {
  const [, redraw] = useReducer((turns: number) => turns + 1, 0);
  useLayoutEffect(() => changes.subscribe(() => redraw(0)), [changes]);
}
