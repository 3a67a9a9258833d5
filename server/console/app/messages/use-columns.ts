/** How many characters of the page's fixed-width font fit side by side into an element. */
import { type RefObject, useEffect, useRef, useState } from "hono/jsx/dom";

const LEAST_COLUMNS = 20;
const FIRST_COLUMNS = 80;
const PROBE_LENGTH = 100;

export interface Columns {
  readonly ref: RefObject<HTMLDivElement | null>;
  readonly columns: number;
}

/** `taken` are used by something else in each row. */
export function useColumns(taken: number): Columns {
  const ref = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(FIRST_COLUMNS);
  useEffect(() => {
    const { current } = ref;
    if (current === null) return undefined;
    const look = (): void => {
      const fitting = Math.floor(current.clientWidth / characterWidth(current)) - taken;
      setColumns(Math.max(LEAST_COLUMNS, fitting));
    };
    const observer = new ResizeObserver(look);
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return { ref, columns };
}

function characterWidth(within: HTMLElement): number {
  const probe = document.createElement("span");
  probe.className = "probe";
  probe.textContent = "0".repeat(PROBE_LENGTH);
  within.append(probe);
  const { width } = probe.getBoundingClientRect();
  probe.remove();
  return Math.max(1, width / PROBE_LENGTH);
}
