/** The message store: batches of events into it, and out of many by their ids. */
import { type Bench, call, sampleOf } from "../bench.ts";
import { awaitReady, type ServerProcess } from "../servers/server-process.ts";
import type { Contender, Row, Workload } from "../workload.ts";
import { ON_PGLITE, ON_POSTGRES } from "./view-loads.ts";

const BATCH = 64;
const EVENT_BYTES = 1024;
const IN_FLIGHT = 16;
/** Events that are put while the store is filled, from one line of progress to the next. */
const FILLED_TOGETHER = 1600 * BATCH;

const FROM_PGLITE = "from PGlite";
const FROM_POSTGRES = "from PostgreSQL";

export const STORE: readonly Workload[] = [
  {
    name: "store-put",
    title: `message store, PutBatch of ${BATCH} events of ${EVENT_BYTES} B, ${IN_FLIGHT} calls in flight`,
    targets: [
      { row: ON_PGLITE, figure: "perSecond", bound: "at least", of: [8000] },
      { row: ON_POSTGRES, figure: "perSecond", bound: "at least", of: [20_000] },
    ],
    run: (bench) => onEach(bench, [ON_PGLITE, ON_POSTGRES], (store, name) => [putting(bench, store, name)]),
  },
  {
    name: "store-get",
    title: `message store, GetBatch of ${BATCH} random ids out of a million (--quick: 100,000)`,
    targets: [
      { row: FROM_PGLITE, figure: "p50Ms", bound: "at most", of: [10] },
      { row: FROM_POSTGRES, figure: "p50Ms", bound: "at most", of: [10] },
    ],
    run: (bench) =>
      onEach(bench, [FROM_PGLITE, FROM_POSTGRES], async (store, name) => {
        await fill(bench, store, name);
        store.vacuum();
        return [
          getting(bench, store, name, 1),
          getting(bench, store, `${name}, ${IN_FLIGHT} calls in flight`, IN_FLIGHT),
        ];
      }),
  },
];

interface Store {
  readonly server: ServerProcess;
  readonly grpcPort: number;
  /** Does what autovacuum does within minutes. */
  readonly vacuum: () => void;
}

/** Measures a store on each database that is there, under its name. */
async function onEach(
  bench: Bench,
  [onPglite, onPostgres]: readonly [string, string],
  contendersOf: (store: Store, name: string) => readonly Contender[] | Promise<readonly Contender[]>,
): Promise<Row[]> {
  const onThread = await startStore(bench);
  const contenders = [...(await contendersOf({ ...onThread, vacuum: () => {} }, onPglite))];
  const postgres = await bench.startPostgres();
  if (postgres !== undefined) {
    const db = postgres.createDatabase("store");
    const onServer = await startStore(bench, db);
    const vacuum = (): void => postgres.vacuum("store");
    contenders.push(...(await contendersOf({ ...onServer, vacuum }, onPostgres)));
  }
  return await bench.rounds(contenders);
}

/** It has its tables. */
async function startStore(bench: Bench, db?: string): Promise<Omit<Store, "vacuum">> {
  const store = await bench.startStore({ folder: bench.newPath(), db });
  await awaitReady(async () => {
    const [view] = JSON.parse(await call(store.server, "/-/views")) as { readonly ready: boolean }[];
    if (view?.ready !== true) throw new Error("the store is not ready");
  });
  return store;
}

/** New events each time, as the store is filled further. */
function putting(bench: Bench, { server, grpcPort: port }: Store, name: string): Contender {
  let first = 0;
  const job = { port, inFlight: IN_FLIGHT, batch: BATCH, eventBytes: EVENT_BYTES, count: Infinity };
  return {
    name,
    measure: () =>
      sampleOf(server, async () => {
        const put = await bench.run("putEvents", { ...job, first, durationMs: bench.options.roundMs });
        first += put.messages;
        return put;
      }),
  };
}

async function fill(bench: Bench, { grpcPort: port }: Store, name: string): Promise<void> {
  const { viewMessages } = bench.options;
  const job = { port, inFlight: IN_FLIGHT, batch: BATCH, eventBytes: EVENT_BYTES };
  for (let first = 0; first < viewMessages; first += FILLED_TOGETHER) {
    bench.progress.show(`${first} events are put, ${name}`);
    await bench.run("putEvents", { ...job, first, count: FILLED_TOGETHER, durationMs: Infinity });
  }
}

function getting(bench: Bench, { server, grpcPort: port }: Store, name: string, inFlight: number): Contender {
  const { viewMessages: outOf, roundMs: durationMs } = bench.options;
  const job = { port, inFlight, batch: BATCH, outOf, durationMs };
  return { name, measure: () => sampleOf(server, () => bench.run("getEvents", job)) };
}
