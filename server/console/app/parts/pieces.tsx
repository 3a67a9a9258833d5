/** Text of unknown origin, with marks in place of characters that cannot be seen. */
import type { Child } from "hono/jsx/dom";
import { piecesOf } from "../payload/visible.ts";

export function Pieces({ text, keep = "" }: { readonly text: string; readonly keep?: string }): Child {
  return (
    <>
      {piecesOf(text, keep).map((piece) =>
        typeof piece === "string" ? piece : <span class="mark">{piece.mark}</span>,
      )}
    </>
  );
}
