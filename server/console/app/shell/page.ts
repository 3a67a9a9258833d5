/** What every page of the console gets, and how it adds keys of its own while it is shown. */
import { useEffect } from "hono/jsx/dom";
import type { KeyMap } from "./keys.ts";
import type { Query } from "./route.ts";
import type { ServerLink } from "./server-link.ts";

export interface PageProps {
  readonly link: ServerLink;
  /** Its name; empty on pages that are of no topic. */
  readonly topic: string;
  readonly query: Query;
  /** Changes what the URL says. `replace`: without a new entry in the browser's history, for what is being typed. */
  readonly onQuery: (change: Query, how?: "replace") => void;
}

/** A key of a page, and what it does in the words of the list of keys. */
export interface PageKey {
  readonly text: string;
  readonly press: () => void;
}

export type PageKeys = Readonly<Record<string, PageKey>>;

/** Those of the frame, and those of the page, which win where both know a key. */
const frameKeys = new Set<PageKeys>();
const pageKeys = new Set<PageKeys>();

/** The keys are there for as long as the component is. Those of `deps` that change bring new ones. */
export function usePageKeys(keys: PageKeys, deps: readonly unknown[]): void {
  useKeysIn(pageKeys, keys, deps);
}

/** The keys that every page has, unless it has another use for one. */
export function useFrameKeys(keys: PageKeys, deps: readonly unknown[]): void {
  useKeysIn(frameKeys, keys, deps);
}

function useKeysIn(shown: Set<PageKeys>, keys: PageKeys, deps: readonly unknown[]): void {
  useEffect(() => {
    shown.add(keys);
    return () => {
      shown.delete(keys);
    };
  }, deps);
}

/** All that can be pressed now. */
export function currentPageKeys(): PageKeys {
  return Object.assign({}, ...frameKeys, ...pageKeys) as PageKeys;
}

export function pressesOf(keys: PageKeys): KeyMap {
  return Object.fromEntries(Object.entries(keys).map(([name, { press }]) => [name, press]));
}
