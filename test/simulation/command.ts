/** `npm run simulate -- --runs N --seed S`: as many simulated runs as one likes, and a line of figures at the end. */
import { parseArgs } from "node:util";
import { type Figures, runCampaign } from "./campaign.ts";

const RUNS = 20_000;
const REDRAW_MS = 100;
const LINE_EVERY_MS = 10_000;
const BAR_CHARACTERS = 30;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: String(RUNS) },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    path: { type: "string" },
  },
});
const runs = numberOf("runs", values.runs, 1);
const seed = numberOf("seed", values.seed, Number.MIN_SAFE_INTEGER);

const startedAtMs = performance.now();
let toldAtMs = startedAtMs;

console.log(`seed ${seed}, ${runs} runs`);
const { figures, failure } = await runCampaign({
  runs,
  seed,
  ...(values.path === undefined ? {} : { path: values.path }),
  onRun: tellProgress,
});
if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
if (failure !== undefined) {
  console.log(failure);
  process.exitCode = 1;
}
const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
const lost = failure === undefined ? "0" : "see above";
console.log(
  `runs ${figures.runs}, crashes ${figures.crashes}, acknowledged ${figures.acknowledged}, ended ${figures.ended}, ` +
    `lost ${lost}, seed ${seed}, ${seconds} s`,
);

/** A bar where there is a terminal, else a line from time to time. */
function tellProgress(soFar: Figures): void {
  const nowMs = performance.now();
  const { isTTY } = process.stderr;
  if (nowMs - toldAtMs < (isTTY ? REDRAW_MS : LINE_EVERY_MS)) return;
  toldAtMs = nowMs;
  const share = Math.min(1, soFar.runs / runs);
  const bar = "#".repeat(Math.round(share * BAR_CHARACTERS)).padEnd(BAR_CHARACTERS, ".");
  const counts = `${soFar.runs} / ${runs} runs, ${soFar.crashes} crashes, ${soFar.acknowledged} acknowledged`;
  process.stderr.write(isTTY ? `\r\x1b[K[${bar}] ${counts}` : `${counts}\n`);
}

function numberOf(option: string, text: string, min: number): number {
  const number = Number(text);
  if (text !== "" && Number.isSafeInteger(number) && number >= min) return number;
  console.error(`--${option} takes a whole number, not ${JSON.stringify(text)}`);
  process.exit(2);
}
