/** The parent's side of the load generator. */
import { fork } from "node:child_process";
import type { LoadOrder, LoadReport } from "./generator.ts";
import type { JobOf, LoadName, ResultOf } from "./loads.ts";

/** Runs a load to its end. Rejects at the first answer that is not the expected one. */
export type RunLoad = <Name extends LoadName>(name: Name, job: JobOf<Name>) => Promise<ResultOf<Name>>;

export function startGenerator(): { run: RunLoad; stop: () => void } {
  const child = fork(new URL("./generator.js", import.meta.url), { serialization: "advanced" });
  const run: RunLoad = async <Name extends LoadName>(name: Name, job: JobOf<Name>) => {
    const order: LoadOrder = { name, job };
    child.send(order);
    const report = await new Promise<LoadReport>((resolve, reject) => {
      const ended = (): void => reject(new Error("the load generator ended early"));
      child.once("exit", ended);
      child.once("message", (message) => {
        child.off("exit", ended);
        resolve(message as LoadReport);
      });
    });
    if ("error" in report) throw new Error(`${name}: ${report.error}`);
    return report.result as ResultOf<Name>;
  };
  return { run, stop: () => void child.kill() };
}
