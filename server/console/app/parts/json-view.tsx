/** JSON as a tree that is folded and unfolded. It shows the text as it is: no number loses a digit, and nothing of it is run. */
import { type Child, useMemo, useReducer } from "hono/jsx/dom";
import { bytesText, countText } from "../figures/format.ts";
import { type JsonRow, JsonTree } from "../payload/json-tree.ts";
import { Pieces } from "./pieces.tsx";
import { VirtualRows } from "./virtual-rows.tsx";

export interface JsonViewProps {
  /** Valid JSON. */
  readonly text: string;
  /** Names the tree to those who hear the page. */
  readonly label: string;
  /** Stands before the buttons. */
  readonly children?: Child;
}

export function JsonView({ text, label, children }: JsonViewProps): Child {
  const tree = useMemo(() => new JsonTree(text), [text]);
  const [, redraw] = useReducer((turns: number) => turns + 1, 0);
  const act = (change: () => void) => () => {
    change();
    redraw(0);
  };
  const { rows } = tree;
  return (
    <div class="json-view">
      <div class="actions">
        {children}
        <button type="button" class="quiet" onClick={act(() => tree.openAll())}>
          Open all
        </button>
        <button type="button" class="quiet" onClick={act(() => tree.foldAll())}>
          Fold all
        </button>
      </div>
      <VirtualRows
        count={rows.length}
        row={(at) => (
          <JsonLine
            key={at}
            row={rows[at]!}
            onToggle={act(() => tree.toggle(rows[at]!.id))}
            onMore={act(() => tree.showMore(rows[at]!.id))}
          />
        )}
        label={label}
      />
    </div>
  );
}

interface JsonLineProps {
  readonly row: JsonRow;
  readonly onToggle: () => void;
  readonly onMore: () => void;
}

function JsonLine({ row, onToggle, onMore }: JsonLineProps): Child {
  const { depth, kind, name, text, type, hidden, hasComma } = row;
  const isFoldable = kind === "open" || kind === "folded";
  return (
    <div class="row json-row" style={{ "padding-inline-start": `${depth * 2 + 2}ch` }}>
      {isFoldable ? (
        <button
          type="button"
          class="fold"
          aria-expanded={String(kind === "open")}
          aria-label={`${kind === "open" ? "Fold" : "Open"} ${name ?? (depth === 0 ? "the whole" : "the element")}`}
          onClick={onToggle}
        >
          {kind === "open" ? "▾" : "▸"}
        </button>
      ) : null}
      {name === undefined ? null : (
        <span class="json-name">
          <Pieces text={name} />
          {": "}
        </span>
      )}
      {kind === "more" ? (
        <button type="button" class="quiet" onClick={onMore}>
          Show more: {countText(hidden)} characters are left
        </button>
      ) : (
        <span class={`json-${type}`}>
          <Pieces text={text} />
        </span>
      )}
      {hasComma ? "," : ""}
      {kind === "folded" ? <span class="dim"> {bytesText(hidden)}</span> : null}
      {kind === "value" && hidden > 0 ? (
        <span class="dim"> … {countText(hidden)} characters more</span>
      ) : null}
    </div>
  );
}
