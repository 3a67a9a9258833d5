/** How much the long tests of views do: little with each change, and the full figures with `npm run soak`. */

export const isSoak: boolean = process.env.SOAK === "1";

/** A test reads whole tables, which takes seconds with the full figures. */
export const STATEMENT_MS: number = isSoak ? 120_000 : 5000;
/** How often the program is killed. */
export const KILLS: number = isSoak ? 100 : 10;
/** Messages that each life of the program gets. */
export const MESSAGES_PER_LIFE: number = isSoak ? 1000 : 20;
/** Messages that a rebuild reads again. */
export const REBUILD_MESSAGES: number = isSoak ? 100_000 : 30;
/** How long a database stays away under traffic. */
export const OUTAGE_MS: number = isSoak ? 30_000 : 0;
