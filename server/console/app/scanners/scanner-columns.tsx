/** The columns of the list of scanners. */
import type { ScannerDescription } from "../../../../lib/client/index.ts";
import { ageOf, countText, parseSpan, spanText, UNKNOWN } from "../figures/format.ts";
import type { Column } from "../parts/table.tsx";
import { linkTo, type Query } from "../shell/route.ts";

export interface ScannerColumnsOptions {
  readonly topic: string;
  readonly query: Query;
  readonly nowMs: number;
}

export function scannerColumns({ topic, query, nowMs }: ScannerColumnsOptions): Column<ScannerDescription>[] {
  const figure = (
    name: "next" | "lag" | "pending" | "redelivered" | "dead_lettered" | "skipped",
    title: string,
    tip: string,
  ): Column<ScannerDescription> => ({
    name,
    title,
    tip,
    isFigure: true,
    cell: (scanner) => countText(scanner[name]),
  });
  return [
    {
      name: "id",
      title: "Scanner",
      cell: ({ id, ack, persistent }) => (
        <>
          <a href={linkTo("scanners", topic, { ...query, id })}>{id}</a>
          {ack === "explicit" ? <span class="tag">ack</span> : null}
          {persistent ? null : <span class="tag">not persistent</span>}
        </>
      ),
    },
    figure("next", "Position", "The message to be given next"),
    figure("lag", "Lag", "Messages of the topic from the position on"),
    figure("pending", "Pending", "Messages given out and not settled"),
    {
      name: "oldest_pending",
      title: "Oldest",
      tip: "How long the oldest of the pending messages is pending",
      isFigure: true,
      cell: ({ oldest_pending }) => spanOf(oldest_pending),
    },
    figure("redelivered", "Redelivered", "Messages given out once more"),
    figure("dead_lettered", "Dead", "Messages that went to the dead letters"),
    figure("skipped", "Skipped", "Messages that retention dropped before the scanner came to them"),
    {
      name: "last_scan",
      title: "Last scan",
      isFigure: true,
      cell: ({ last_scan }) => ageOf(last_scan, nowMs),
    },
  ];
}

function spanOf(text: string | null): string {
  const ms = parseSpan(text);
  return ms === undefined ? UNKNOWN : spanText(ms);
}
