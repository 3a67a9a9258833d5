/** A payload as JSON, as text or as hex. Nothing of it is ever run, opened or fetched: all of it is set as text. */
import { type Child, useMemo } from "hono/jsx/dom";
import { bytesText } from "../figures/format.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { JsonView } from "../parts/json-view.tsx";
import { Pieces } from "../parts/pieces.tsx";
import { VirtualRows } from "../parts/virtual-rows.tsx";
import { hexRow, hexRowCount } from "../payload/hex.ts";
import { type PayloadKind, type ReadPayload, readPayload } from "../payload/kind.ts";
import { TextRows } from "../payload/text-rows.ts";
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
      {shown === "json" ? <JsonView text={read.text} label="Payload as JSON" /> : null}
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
