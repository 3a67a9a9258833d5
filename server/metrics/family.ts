/** What a metric is: its name, and how it is read. */
import type { NetlogStats } from "../../lib/index.ts";
import type { ServerContext } from "../http/context.ts";
import type { ShownFigures } from "./shown.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** A histogram has several names, which end in these. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
}

export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  read(sources: Sources): Sample[];
}

export interface Sources extends ServerContext {
  readonly stats: NetlogStats;
  /** What the caller may read of topics and scanners. */
  readonly shown: ShownFigures;
}
