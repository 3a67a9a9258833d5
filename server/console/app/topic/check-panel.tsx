/** The check of a topic: the server reads everything back, and lists what is damaged. */
import { type Child, useEffect, useRef, useState } from "hono/jsx/dom";
import type { Finding } from "../../../../lib/client/index.ts";
import { bytesText, counted, countText } from "../figures/format.ts";
import { Notice } from "../parts/notice.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { sentenceOf } from "../shell/failure.ts";

export interface CheckPanelProps {
  /** Waits for as long as it takes. */
  readonly check: (from: number | undefined, signal: AbortSignal) => Promise<readonly Finding[]>;
  readonly sizeBytes: number;
  readonly onPlace: (offset: number) => void;
}

type State =
  | { readonly kind: "idle" | "stopped" }
  | { readonly kind: "running"; readonly sinceMs: number }
  | { readonly kind: "done"; readonly findings: readonly Finding[]; readonly tookMs: number }
  | { readonly kind: "failed"; readonly reason: string };

/** The server lists as many at most. */
const MOST_FINDINGS = 1000;
const TICK_MS = 500;

export function CheckPanel({ check, sizeBytes, onPlace }: CheckPanelProps): Child {
  const [state, setState] = useState<State>({ kind: "idle" });
  const stop = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const run = async (from?: number): Promise<void> => {
    const controller = new AbortController();
    stop.current = controller;
    const sinceMs = Date.now();
    setState({ kind: "running", sinceMs });
    try {
      const findings = await check(from, controller.signal);
      setState({ kind: "done", findings, tookMs: Date.now() - sinceMs });
    } catch (error) {
      if (controller.signal.aborted) setState({ kind: "stopped" });
      else setState({ kind: "failed", reason: sentenceOf(error) });
    }
  };
  const isRunning = state.kind === "running";
  return (
    <section class="topic-check" aria-label="Check">
      <h2>Check</h2>
      <p class="dim">
        The server reads all {bytesText(sizeBytes)} back from the disk and verifies every checksum.
      </p>
      <div class="actions">
        <button type="button" disabled={isRunning} onClick={() => void run()}>
          Check the topic
        </button>
        {isRunning ? (
          <button type="button" onClick={() => stop.current?.abort()}>
            Stop waiting
          </button>
        ) : null}
      </div>
      {isRunning ? <Running sinceMs={state.sinceMs} sizeBytes={sizeBytes} /> : null}
      {state.kind === "failed" ? <Notice text={state.reason} /> : null}
      {state.kind === "stopped" ? <p role="status">Stopped: nothing is known of what was not read.</p> : null}
      {state.kind === "done" ? (
        <Findings {...state} onPlace={onPlace} onMore={(from) => void run(from)} />
      ) : null}
    </section>
  );
}

interface RunningProps {
  readonly sinceMs: number;
  readonly sizeBytes: number;
}

/** The server says nothing before it is done, so the page shows how long it has taken. */
function Running({ sinceMs, sizeBytes }: RunningProps): Child {
  const [nowMs, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.round((nowMs - sinceMs) / 1000));
  return (
    <p>
      <progress aria-label="The check is running" /> reading {bytesText(sizeBytes)},{" "}
      {counted(seconds, "second")} so far
    </p>
  );
}

interface FindingsProps {
  readonly findings: readonly Finding[];
  readonly tookMs: number;
  readonly onPlace: (offset: number) => void;
  readonly onMore: (from: number) => void;
}

function Findings({ findings, tookMs, onPlace, onMore }: FindingsProps): Child {
  const took = `${(tookMs / 1000).toFixed(1)} s`;
  const last = findings.at(-1);
  if (last === undefined) return <p role="status">The topic is healthy; the check took {took}.</p>;
  return (
    <>
      <p role="status">
        {counted(findings.length, "damaged place")} found in {took}.
      </p>
      <Table
        label="Table of damage"
        columns={columnsOf(onPlace)}
        rows={findings}
        keyOf={({ offset }) => String(offset)}
      />
      {findings.length < MOST_FINDINGS ? null : (
        <button type="button" onClick={() => onMore(last.offset + last.odelta)}>
          Check on from {countText(last.offset + last.odelta)}
        </button>
      )}
    </>
  );
}

function columnsOf(onPlace: FindingsProps["onPlace"]): Column<Finding>[] {
  return [
    {
      name: "offset",
      title: "Offset",
      cell: ({ offset }) => (
        <button type="button" class="quiet" onClick={() => onPlace(offset)}>
          {countText(offset)}
        </button>
      ),
    },
    { name: "odelta", title: "Messages", isFigure: true, cell: ({ odelta }) => countText(odelta) },
    { name: "type", title: "Damage", cell: ({ type }) => type },
    { name: "expected", title: "Expected", cell: ({ expected }) => expected },
    { name: "actual", title: "Found", cell: ({ actual }) => actual },
  ];
}
