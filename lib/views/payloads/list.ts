/**
 * One page of a list, and how many rows there are of it: what lists of payloads and of statuses have in common. Few rows
 * are collected, counted and sorted. Many are counted, and the database finds the first ones by an index of that order.
 */
import type { Queries } from "../index.ts";

export type Comparison = "<" | "<=" | ">" | ">=" | "=";

export interface Condition {
  /** One of the list's own columns. */
  readonly column: string;
  readonly comparison: Comparison;
  readonly value: string;
}

export interface ListRequest {
  /** All of them hold. */
  readonly conditions: readonly Condition[];
  /** One of the list's own columns. */
  readonly sortBy: string;
  readonly isDescending: boolean;
  /** May be beyond all rows, and beyond what SQL can count. */
  readonly offset: number;
  readonly limit: number;
}

export interface List<Item> {
  readonly count: number;
  readonly items: readonly Item[];
}

/** A column whose values are names in a table of their own. */
export interface NameColumn {
  /** Has `id` and `name`. */
  readonly table: string;
  /** The column of the list's table with the id of the name. There is an index on it and the key. */
  readonly reference: string;
}

/** What a list sorts by. */
interface Sort {
  /** The join that has the expression's column; empty: it is the table's own. */
  readonly join: string;
  readonly expression: string;
}

/** How a list is asked for in SQL. */
export interface ListSource {
  /** The column of `totals` that has the count of all rows. */
  readonly total: string;
  /** What conditions are about: a table, and its alias. */
  readonly table: string;
  readonly alias: string;
  /** Names, by the column of the list. */
  readonly names: Readonly<Record<string, NameColumn>>;
  /** What a condition on another column says in SQL; `value` is the parameter's place, such as `$1`. */
  readonly conditionOn: (column: string, comparison: Comparison, value: string) => string;
  /** What a list sorts by beside names. */
  readonly sorts: Readonly<Record<string, Sort>>;
  /** Joins of the table that give the columns that it shows; none: it has all. */
  readonly joins: string;
  readonly columns: string;
}

/** So many rows are sorted in some ms. */
const FEW_ROWS = 20_000;

export async function readList<Item extends object>(
  queries: Queries,
  source: ListSource,
  request: ListRequest,
): Promise<List<Item>> {
  const conditions = await resolveNames(queries, source, request.conditions);
  if (conditions === undefined) return { count: 0, items: [] };
  const { table, alias, columns, joins } = source;
  const values = conditions.map(({ value }) => value);
  const where = conditions.map(({ column, comparison, value }, place) =>
    typeof value === "number"
      ? `${alias}.${column} = $${place + 1}`
      : source.conditionOn(column, comparison, `$${place + 1}`),
  );
  const counting =
    where.length === 0
      ? `SELECT ${source.total} AS count FROM totals`
      : `SELECT count(*) AS count FROM ${table} AS ${alias} WHERE ${where.join(" AND ")}`;
  const [row] = await queries.query<{ count: number }>(counting, values);
  const count = row?.count ?? 0;
  if (request.offset >= count) return { count, items: [] };
  const sort = sortOf(source, request);
  const isFew = where.length > 0 && count <= FEW_ROWS;
  const page = isFew ? pageOfFew(source, request, where) : pageOfMany(source, request, where);
  const items = await queries.query<Item>(
    `SELECT ${columns} FROM (${page}) AS ${alias} ${sort.join} ${joins} ${orderOf(source, request, sort)}`,
    values,
  );
  return { count, items };
}

type Resolved = Omit<Condition, "value"> & { readonly value: string | number };

/**
 * With the ids of names in their place: the database knows how often a value comes that it is given, and of one that a
 * subquery finds it knows nothing. `undefined`: there is no such name, and so no row.
 */
async function resolveNames(
  queries: Queries,
  { names }: ListSource,
  conditions: readonly Condition[],
): Promise<readonly Resolved[] | undefined> {
  const named = conditions.flatMap(({ column, value }) => {
    const known = names[column];
    return known === undefined ? [] : [{ column, value, ...known }];
  });
  if (named.length === 0) return conditions;
  const lookUps = named.map(
    ({ column, table }, place) => `SELECT '${column}' AS column, id FROM ${table} WHERE name = $${place + 1}`,
  );
  const rows = await queries.query<{ column: string; id: number }>(
    lookUps.join(" UNION ALL "),
    named.map(({ value }) => value),
  );
  if (rows.length < named.length) return undefined;
  const ids = new Map(rows.map(({ column, id }) => [column, id]));
  return conditions.map((condition) => {
    const known = names[condition.column];
    const value = ids.get(condition.column);
    return known === undefined || value === undefined
      ? condition
      : { ...condition, column: known.reference, value };
  });
}

/** Collects them all. Without OFFSET 0 the planner may walk the index of the order through the whole table instead. */
function pageOfFew(source: ListSource, request: ListRequest, where: readonly string[]): string {
  const { table, alias } = source;
  const sort = sortOf(source, request);
  const matched = `SELECT * FROM ${table} AS ${alias} WHERE ${where.join(" AND ")} OFFSET 0`;
  return `SELECT ${alias}.* FROM (${matched}) AS ${alias} ${sort.join} ${orderOf(source, request, sort)} ${pageOf(request)}`;
}

function pageOfMany(source: ListSource, request: ListRequest, where: readonly string[]): string {
  const { table, alias, names } = source;
  const sort = sortOf(source, request);
  const order = orderOf(source, request, sort);
  const rows = `SELECT ${alias}.* FROM ${table} AS ${alias}`;
  const name = names[request.sortBy];
  if (name === undefined) {
    return `${rows} ${sort.join} ${where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`} ${order} ${pageOf(request)}`;
  }
  // The first rows of each name are enough, and the index has them in order.
  const own = [`${alias}.${name.reference} = sorted.id`, ...where].join(" AND ");
  const { isDescending, limit, offset } = request;
  const first = `${rows} WHERE ${own} ORDER BY ${alias}.id ${isDescending ? "DESC" : "ASC"} LIMIT ${limit + offset}`;
  return `SELECT ${alias}.* FROM ${name.table} AS sorted CROSS JOIN LATERAL (${first}) AS ${alias} ${order} ${pageOf(request)}`;
}

function sortOf({ names, sorts, alias }: ListSource, { sortBy }: ListRequest): Sort {
  const name = names[sortBy];
  if (name !== undefined) {
    const join = `JOIN ${name.table} AS sorted ON sorted.id = ${alias}.${name.reference}`;
    return { join, expression: "sorted.name" };
  }
  const sort = sorts[sortBy];
  if (sort === undefined) throw new TypeError(`no list sorts by ${sortBy}`);
  return sort;
}

/** The key decides between rows that sort alike. */
function orderOf({ alias }: ListSource, { isDescending }: ListRequest, { expression }: Sort): string {
  const direction = isDescending ? "DESC" : "ASC";
  return `ORDER BY ${expression} ${direction}, ${alias}.id ${direction}`;
}

/** Whole numbers, below the count of rows. */
function pageOf({ limit, offset }: ListRequest): string {
  return `LIMIT ${limit} OFFSET ${offset}`;
}
