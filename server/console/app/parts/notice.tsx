/** What went wrong, where it matters: read out at once, and gone with its cause. */
import type { Child } from "hono/jsx/dom";

export function Notice({ text, children }: { readonly text: string; readonly children?: Child }): Child {
  return (
    <p class="notice" role="alert">
      <span>{text}</span> {children}
    </p>
  );
}
