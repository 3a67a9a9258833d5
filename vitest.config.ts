import { availableParallelism } from "node:os";
import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Tests that run the built program; they need `dist/`, which the others do not. */
const BUILT = [
  "test/process/**/*.test.ts",
  "test/faults/**/*.test.ts",
  "test/readme/**/*.test.ts",
  "test/project/**/*.test.ts",
];

/** These try each moment at which a program may be killed, or import whole folders: a third of the time of all parts. */
const LONG = "topic-starts|fork-crashes|kept-folder";

/** Tests of single parts, quick enough to run after each change. */
const UNIT = [
  `test/lib/!(client|views|jetstream)/**/!(${LONG}).test.ts`,
  "test/server/{wire,auth,formats}/**/*.test.ts",
];

/** Vitest's own, a second for a poll, is nothing on a loaded machine. A test waits for several things, one after the other. */
const isSoak = process.env.SOAK === "1";
const POLL_TIMEOUT_MS = isSoak ? 600_000 : 60_000;
/** A server of 900 topics with three copies takes minutes to stop on a busy machine. */
const TEST_TIMEOUT_MS = isSoak ? 1_800_000 : 240_000;

/** Clusters under faults, of which one takes a part of a core: the only tests of a file that run at once. */
const MAX_CONCURRENCY = availableParallelism();

const shared = {
  environment: "node",
  // Files share their module graph, for to load it anew takes longer than most of them do.
  isolate: false,
  maxConcurrency: MAX_CONCURRENCY,
  testTimeout: TEST_TIMEOUT_MS,
  hookTimeout: TEST_TIMEOUT_MS,
  expect: { poll: { timeout: POLL_TIMEOUT_MS } },
};

/** Twice the cores: half of its time a test waits, for a process that it started, a browser, a database or the disk. */
const WORKERS = 2 * availableParallelism();

/**
 * The tests are of the program as it comes, and not as a developer has set it up for a server of their own. What is named
 * `NETLOG_TEST_…` is for the tests themselves.
 */
for (const name of Object.keys(process.env)) {
  if (name.startsWith("NETLOG_") && !name.startsWith("NETLOG_TEST_")) delete process.env[name];
}

/** CI reads its figures from a file; see .ci/run. */
const resultsFile = process.env.TEST_RESULTS_FILE;

const config: ViteUserConfig = defineConfig({
  test: {
    maxWorkers: WORKERS,
    reporters: resultsFile === undefined ? ["default"] : ["default", ["json", { outputFile: resultsFile }]],
    projects: [
      { test: { ...shared, name: "unit", include: UNIT } },
      { test: { ...shared, name: "source", include: ["test/**/*.test.ts"], exclude: [...BUILT, ...UNIT] } },
      {
        test: { ...shared, name: "built", include: BUILT, globalSetup: ["test/support/build-program.ts"] },
      },
    ],
  },
});

export default config;
