/** The load generator, a process of its own: runs one load after the other, as its parent sends them. */
import { type JobOf, LOADS, type LoadName } from "./loads.ts";

export interface LoadOrder {
  readonly name: LoadName;
  readonly job: JobOf<LoadName>;
}

export type LoadReport = { readonly result: unknown } | { readonly error: string };

process.on("message", ({ name, job }: LoadOrder) => {
  const run = LOADS[name] as (job: unknown) => Promise<unknown>;
  run(job).then(
    (result) => report({ result }),
    (error: unknown) => report({ error: error instanceof Error ? String(error.stack) : String(error) }),
  );
});

function report(answer: LoadReport): void {
  process.send?.(answer);
}
