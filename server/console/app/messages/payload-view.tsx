/** A payload as JSON, as text or as hex. Nothing of it is ever run, opened or fetched: all of it is set as text. */
import { type Child, useMemo, useReducer } from "hono/jsx/dom";
import { bytesText, countText } from "../figures/format.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { VirtualRows } from "../parts/virtual-rows.tsx";
import { hexRow, hexRowCount } from "../payload/hex.ts";
import { type JsonRow, JsonTree } from "../payload/json-tree.ts";
import { type PayloadKind, type ReadPayload, readPayload } from "../payload/kind.ts";
import { TextRows } from "../payload/text-rows.ts";
import { Pieces } from "./pieces.tsx";
import { useColumns } from "./use-columns.ts";

export interface PayloadViewProps {
  readonly payload: Uint8Array;
  readonly contentType: string | undefined;
  /** What the reader chose; `undefined`: what fits. */
  readonly view: PayloadKind | undefined;
  readonly onView: (view: PayloadKind) => void;
}

const VIEWS: readonly (readonly [PayloadKind, string])[] = [
  ["json", "JSON"],
  ["text", "Text"],
  ["hex", "Hex"],
];

export function PayloadView({ payload, contentType, view, onView }: PayloadViewProps): Child {
  const read = useMemo(() => readPayload(payload, contentType), [payload, contentType]);
  const shown = view === undefined || (view === "json" && !read.isJson) ? read.kind : view;
  return (
    <section class="payload" aria-label="Payload">
      <div class="payload-head">
        <fieldset class="choice">
          <legend>Payload as</legend>
          {VIEWS.map(([kind, name]) => (
            <button
              key={kind}
              type="button"
              aria-pressed={String(shown === kind)}
              disabled={kind === "json" && !read.isJson}
              title={kind === "json" && !read.isJson ? "The payload is not valid JSON" : undefined}
              onClick={() => onView(kind)}
            >
              {name}
            </button>
          ))}
        </fieldset>
        {read.isUtf8 ? <CopyButton text={() => read.text}>Copy the text</CopyButton> : null}
        <span class="dim">{bytesText(payload.length)}</span>
      </div>
      {shown === "json" ? <JsonView text={read.text} /> : null}
      {shown === "text" ? <TextView read={read} /> : null}
      {shown === "hex" ? <HexView bytes={payload} /> : null}
    </section>
  );
}

function HexView({ bytes }: { readonly bytes: Uint8Array }): Child {
  const row = (at: number): Child => {
    const { place, hex, ascii } = hexRow(bytes, at);
    return (
      <div key={at} class="row hex-row">
        <span class="dim">{place}</span>
        <span>{hex}</span>
        <span class="hex-ascii">{ascii}</span>
      </div>
    );
  };
  return <VirtualRows count={hexRowCount(bytes)} row={row} label="Payload as hex" />;
}

function TextView({ read }: { readonly read: ReadPayload }): Child {
  const { ref, columns } = useColumns(TEXT_GUTTER);
  const rows = useMemo(() => new TextRows(read.text, columns), [read.text, columns]);
  const row = (at: number): Child => {
    const { line, text } = rows.row(at);
    return (
      <div key={at} class="row text-row">
        <span class="dim line-number">{line === undefined ? "" : line}</span>
        <span>
          <Pieces text={text} keep={"\t"} />
        </span>
      </div>
    );
  };
  return (
    <div ref={ref} class="payload-text">
      {read.isUtf8 ? null : (
        <p class="note">
          These bytes are not UTF-8: what cannot be read is shown as �. Hex shows all of them.
        </p>
      )}
      <VirtualRows count={rows.length} row={row} label="Payload as text" />
    </div>
  );
}

/** Columns of the line numbers and the space beside them. */
const TEXT_GUTTER = 10;

function JsonView({ text }: { readonly text: string }): Child {
  const tree = useMemo(() => new JsonTree(text), [text]);
  const [, redraw] = useReducer((turns: number) => turns + 1, 0);
  const act = (change: () => void) => () => {
    change();
    redraw(0);
  };
  const { rows } = tree;
  return (
    <div class="payload-json">
      <div class="actions">
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
        label="Payload as JSON"
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
