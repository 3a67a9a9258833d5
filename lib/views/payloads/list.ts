/**
 * One page of a list, and how many rows there are of it: what lists of payloads and of statuses have in common. Few rows
 * are collected, counted and sorted in one statement, which needs no more of them than an index has. Many are counted, and
 * the database finds the first ones by an index of that order. Only the rows of the page are read whole.
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
  /** The table's own column that has the value, or that leads to it. */
  readonly column: string;
  /** The join that leads to it; empty: the column has it. */
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
  const filter: Filter = {
    where: conditions.map(({ column, comparison, value }, place) =>
      typeof value === "number"
        ? `${source.alias}.${column} = $${place + 1}`
        : source.conditionOn(column, comparison, `$${place + 1}`),
    ),
    values: conditions.map(({ value }) => value),
  };
  const few = conditions.length === 0 ? undefined : await findFew(queries, source, request, filter);
  const { count, ids } = few ?? (await findMany(queries, source, request, filter));
  if (ids.length === 0) return { count, items: [] };
  const { table, alias, columns, joins } = source;
  const items = await queries.query<Item>(
    `SELECT ${columns} FROM unnest($1::bigint[]) WITH ORDINALITY AS page (id, place)
     JOIN ${table} AS ${alias} ON ${alias}.id = page.id ${joins} ORDER BY page.place`,
    [ids],
  );
  return { count, items };
}

interface Filter {
  /** Conditions in SQL; `$1` is the first of `values`. */
  readonly where: readonly string[];
  readonly values: readonly (string | number)[];
}

/** How many rows there are, and the keys of those of the page, in order. */
interface Found {
  readonly count: number;
  readonly ids: readonly number[];
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

/** `undefined`: they are not few. LIMIT keeps the database from collecting more than it takes to see that. */
async function findFew(
  queries: Queries,
  source: ListSource,
  request: ListRequest,
  { where, values }: Filter,
): Promise<Found | undefined> {
  const { table, alias } = source;
  const { column, join } = sortOf(source, request);
  const page = pageOf({ ...request, offset: Math.min(request.offset, FEW_ROWS) });
  const [found] = await queries.query<Found>(
    `WITH matched AS MATERIALIZED (
       SELECT ${alias}.id, ${alias}.${column} FROM ${table} AS ${alias} WHERE ${where.join(" AND ")} LIMIT ${FEW_ROWS + 1}
     )
     SELECT count, ARRAY(
       SELECT ${alias}.id FROM matched AS ${alias} ${join} WHERE count <= ${FEW_ROWS} ${orderOf(source, request)} ${page}
     ) AS ids
     FROM (SELECT count(*) AS count FROM matched) AS counted`,
    values,
  );
  return found === undefined || found.count > FEW_ROWS ? undefined : found;
}

async function findMany(
  queries: Queries,
  source: ListSource,
  request: ListRequest,
  { where, values }: Filter,
): Promise<Found> {
  const { total, table, alias } = source;
  const counting =
    where.length === 0
      ? `SELECT ${total} AS count FROM totals`
      : `SELECT count(*) AS count FROM ${table} AS ${alias} WHERE ${where.join(" AND ")}`;
  const [counted] = await queries.query<{ count: number }>(counting, values);
  const count = counted?.count ?? 0;
  if (request.offset >= count) return { count, ids: [] };
  const near = fromNearerEnd(request, count);
  const rows = await queries.query<{ id: number }>(pageOfMany(source, near, where), values);
  const ids = rows.map(({ id }) => id);
  return { count, ids: near === request ? ids : ids.reverse() };
}

/** The same page in the opposite order, where fewer rows come before it: the database passes all of these. */
function fromNearerEnd(request: ListRequest, count: number): ListRequest {
  const { offset, limit, isDescending } = request;
  const left = count - offset;
  if (offset <= left) return request;
  return {
    ...request,
    isDescending: !isDescending,
    offset: Math.max(0, left - limit),
    limit: Math.min(left, limit),
  };
}

function pageOfMany(source: ListSource, request: ListRequest, where: readonly string[]): string {
  const { table, alias, names } = source;
  const order = orderOf(source, request);
  const name = names[request.sortBy];
  if (name === undefined) {
    const matching = where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`;
    const { join } = sortOf(source, request);
    return `SELECT ${alias}.id FROM ${table} AS ${alias} ${join} ${matching} ${order} ${pageOf(request)}`;
  }
  // The first rows of each name are enough, and the index has them in order.
  const own = [`${alias}.${name.reference} = sorted.id`, ...where].join(" AND ");
  const { isDescending, limit, offset } = request;
  const first = `SELECT ${alias}.id FROM ${table} AS ${alias} WHERE ${own}
    ORDER BY ${alias}.id ${isDescending ? "DESC" : "ASC"} LIMIT ${limit + offset}`;
  return `SELECT ${alias}.id FROM ${name.table} AS sorted CROSS JOIN LATERAL (${first}) AS ${alias} ${order} ${pageOf(request)}`;
}

function sortOf({ names, sorts, alias }: ListSource, { sortBy }: ListRequest): Sort {
  const name = names[sortBy];
  if (name !== undefined) {
    const { table, reference } = name;
    const join = `JOIN ${table} AS sorted ON sorted.id = ${alias}.${reference}`;
    return { column: reference, join, expression: "sorted.name" };
  }
  const sort = sorts[sortBy];
  if (sort === undefined) throw new TypeError(`no list sorts by ${sortBy}`);
  return sort;
}

/** The key decides between rows that sort alike. */
function orderOf(source: ListSource, request: ListRequest): string {
  const { expression } = sortOf(source, request);
  const direction = request.isDescending ? "DESC" : "ASC";
  return `ORDER BY ${expression} ${direction}, ${source.alias}.id ${direction}`;
}

/** Whole numbers, below the count of rows. */
function pageOf({ limit, offset }: ListRequest): string {
  return `LIMIT ${limit} OFFSET ${offset}`;
}
