/** What the workloads of all views do: fill a topic, apply it to empty tables, ask for pages. */
import { type Bench, call } from "../bench.ts";
import { linesOf } from "../messages.ts";
import type { ViewKind, ViewProcess } from "../servers/view.ts";
import type { Contender, Row, Sample } from "../workload.ts";

const BATCH = 1000;
const REQUESTS_EACH = 9;

export const ON_PGLITE = "into PGlite";
export const ON_POSTGRES = "into PostgreSQL";

/** A topic that a view reads. */
export interface ViewLoad {
  readonly kind: ViewKind;
  /** `/events`. */
  readonly topic: string;
  /** The message of this number, from 0 on, on one line. */
  readonly messageOf: (number: number) => string;
}

export async function publish(
  bench: Bench,
  view: ViewProcess,
  { topic, messageOf }: ViewLoad,
  count: number,
): Promise<void> {
  await call(view, topic, "{}");
  for (let from = 0; from < count; from += BATCH) {
    if (from % 10_000 === 0) bench.progress.show(`${from} messages published`);
    const lines = Array.from({ length: BATCH }, (_, place) => messageOf(from + place));
    await call(view, `${topic}/batch?format=lines`, new Uint8Array(linesOf(lines)));
  }
}

/** `count` messages that the log holds, into tables that are new each time. */
export async function runIngest(bench: Bench, load: ViewLoad, count: number): Promise<Row[]> {
  const folder = bench.newPath();
  const first = await bench.startView(load.kind, { folder });
  await publish(bench, first, load, count);
  await first.stop();
  const measure = async (db?: string): Promise<Sample> => {
    const view = await bench.startView(load.kind, { folder, db, viewsFolder: bench.newPath() });
    const { perSecond } = await view.applied(count);
    const memoryMiB = view.memoryMiB();
    await view.stop();
    return { perSecond, ...(memoryMiB === undefined ? {} : { memoryMiB }) };
  };
  const contenders: Contender[] = [{ name: ON_PGLITE, measure: () => measure() }];
  const postgres = await bench.startPostgres();
  let databases = 0;
  if (postgres !== undefined) {
    const measureThere = (): Promise<Sample> => measure(postgres.createDatabase(`ingest${databases++}`));
    contenders.push({ name: ON_POSTGRES, measure: measureThere });
  }
  return await bench.rounds(contenders);
}

/** The p50 of the slowest path. */
export function reading(view: ViewProcess, name: string, paths: readonly string[]): Contender {
  return {
    name,
    async measure() {
      const medians: number[] = [];
      for (const path of paths) {
        const times: number[] = [];
        for (let asked = 0; asked < REQUESTS_EACH; asked++) times.push(await view.timeOf(path));
        times.sort((a, b) => a - b);
        medians.push(times[REQUESTS_EACH >> 1] ?? Number.NaN);
      }
      return { p50Ms: Math.max(...medians) };
    },
  };
}
