/** The command line of the benchmark. */
import { parseArgs } from "node:util";

export interface BenchOptions {
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  /** Read back by each round of the bulk workload. */
  readonly bulkMessages: number;
  /** Published by the growth workload. */
  readonly growthMessages: number;
  /** Messages in the tables that the reads of views are measured on. */
  readonly viewMessages: number;
  /** Where our servers leave CPU profiles. */
  readonly profileFolder?: string | undefined;
}

export interface Command {
  readonly options: BenchOptions;
  /** Workloads to run; empty: all. */
  readonly only: readonly string[];
  readonly jsonFile: string | undefined;
}

const WHOLE: BenchOptions = {
  rounds: 7,
  roundMs: 3000,
  warmUpMs: 2000,
  bulkMessages: 2_000_000,
  growthMessages: 10_000_000,
  viewMessages: 1_000_000,
};

const QUICK: BenchOptions = {
  rounds: 3,
  roundMs: 1000,
  warmUpMs: 1000,
  bulkMessages: 500_000,
  growthMessages: 200_000,
  viewMessages: 100_000,
};

export function usage(workloads: readonly string[]): string {
  return `npm run bench -- [--quick] [--only <workload>]... [--json <file>] [--profile <folder>]

  --quick    fewer and shorter rounds: a first look
  --only     one of: ${workloads.join(", ")}
  --json     where all samples go; dist-bench/result.json if nothing is said
  --profile  our servers leave CPU profiles there, and are slower for it
`;
}

/** @throws an error that says what to mend. */
export function parseCommand(args: readonly string[], workloads: readonly string[]): Command {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      json: { type: "string" },
      profile: { type: "string" },
    },
  });
  const unknown = values.only.find((name) => !workloads.includes(name));
  if (unknown !== undefined) {
    throw new Error(`there is no workload ${JSON.stringify(unknown)}; there are ${workloads.join(", ")}`);
  }
  const options = { ...(values.quick ? QUICK : WHOLE), profileFolder: values.profile };
  return { options, only: values.only, jsonFile: values.json };
}
