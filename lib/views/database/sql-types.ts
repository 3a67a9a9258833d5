/** What pg makes of a column's text: see the table in database.ts. */
import pg from "pg";

const { types } = pg;

/** Types by their OIDs, as in PostgreSQL's catalog pg_type.dat. */
const OID = {
  bigint: 20,
  json: 114,
  jsonArray: 199,
  textArray: 1009,
  bigintArray: 1016,
  date: 1082,
  timestamp: 1114,
  timestampArray: 1115,
  dateArray: 1182,
  timestamptz: 1184,
  timestamptzArray: 1185,
  jsonb: 3802,
  jsonbArray: 3807,
} as const;

const AS_TEXT: ReadonlySet<number> = new Set([OID.json, OID.jsonb, OID.date, OID.timestamp, OID.timestamptz]);
const AS_TEXTS: ReadonlySet<number> = new Set([
  OID.jsonArray,
  OID.jsonbArray,
  OID.dateArray,
  OID.timestampArray,
  OID.timestamptzArray,
]);

type Parse = (text: string) => unknown;

// pg lists no arrays among its types.
const parseTexts = types.getTypeParser(OID.textArray as number as 25, "text") as (
  text: string,
) => (string | null)[];

/** @throws TypeError beyond 2^53. */
function parseBigint(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new TypeError(`a bigint of ${text} is no number of JavaScript; let SQL make text of it`);
}

function parserOf(oid: number): Parse {
  if (oid === OID.bigint) return parseBigint;
  if (oid === OID.bigintArray) {
    return (text) => parseTexts(text).map((each) => (each === null ? null : parseBigint(each)));
  }
  if (AS_TEXT.has(oid)) return (text) => text;
  if (AS_TEXTS.has(oid)) return parseTexts;
  return types.getTypeParser(oid, "text") as Parse;
}

/** For pg's clients. */
export const SQL_TYPES: pg.CustomTypesConfig = {
  getTypeParser: parserOf as pg.CustomTypesConfig["getTypeParser"],
};
