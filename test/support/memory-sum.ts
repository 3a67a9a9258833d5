/** The sum under "How much memory" in server/README.md, which bounds the memory of a server by its limits. */
import { flagOf } from "../../cmd/cli/option.ts";
import { LIMIT_OPTIONS, LIMITS } from "../../cmd/options/limits.ts";
import { projectText, section, tableRows } from "./project-files.ts";

interface MemoryRow {
  readonly what: string;
  /** As the table has it, in MiB. */
  readonly figure: string;
  /** What the row's limits make; `undefined` where it names none. */
  readonly bytes: number | undefined;
}

const UNITS = new Map([
  ["bytes", 1],
  ["KiB", 1024],
]);
const EACH = /(\d+) (bytes|KiB)\b/;

type Amounts = Readonly<Record<string, unknown>>;

/** `changed` are limits that the server was given, by their names in code. */
export function memoryRows(changed: Partial<typeof LIMITS> = {}): MemoryRow[] {
  const limits: Amounts = { ...LIMITS, ...changed };
  const rows = tableRows(section(projectText("server/README.md"), "How much memory"));
  return rows.map(([what = "", names = "", figure = ""]) => ({
    what,
    figure,
    bytes: names === "" ? undefined : sumOf(names.replaceAll("`", ""), limits) * eachOf(what),
  }));
}

/** What comes to the memory of a server that does nothing. */
export function memoryBound(changed: Partial<typeof LIMITS>): number {
  return memoryRows(changed).reduce((sum, { bytes = 0 }) => sum + bytes, 0);
}

/** `a, b × c` */
function sumOf(names: string, limits: Amounts): number {
  const terms = names.split(", ").map((term) => term.split(" × ").map((name) => amountOf(name, limits)));
  return terms.reduce((sum, factors) => sum + factors.reduce((product, factor) => product * factor, 1), 0);
}

function amountOf(name: string, limits: Amounts): number {
  const option = Object.entries(LIMIT_OPTIONS).find(([, { name: known }]) => flagOf(known) === name);
  const amount = limits[option?.[0] ?? name];
  if (typeof amount !== "number") throw new Error(`no limit ${name}`);
  return amount;
}

/** How much the row says that one takes. */
function eachOf(what: string): number {
  const [, count, unit] = EACH.exec(what) ?? [];
  return Number(count ?? 1) * (UNITS.get(unit ?? "bytes") ?? 1);
}
