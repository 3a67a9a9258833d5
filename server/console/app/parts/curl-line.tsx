/** A line for a shell, with a button that copies it. */
import type { Child } from "hono/jsx/dom";
import { CopyButton } from "./copy-button.tsx";

export function CurlLine({ line }: { readonly line: string }): Child {
  return (
    <div class="curl-line">
      {/* What scrolls has to be reached by the keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long line scrolls */}
      <code tabIndex={0}>{line}</code>
      <CopyButton text={() => line}>Copy</CopyButton>
    </div>
  );
}

export interface EmptyProps {
  /** What there is none of, and what would be seen here. */
  readonly text: Child;
  /** The line that puts something here. */
  readonly line?: string | undefined;
  readonly children?: Child;
}

/** A place where there is nothing yet, and the line that fills it. */
export function Empty({ text, line, children }: EmptyProps): Child {
  return (
    <div class="empty">
      <p>{text}</p>
      {line === undefined ? null : <CurlLine line={line} />}
      {children}
    </div>
  );
}
