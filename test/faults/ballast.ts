/** Takes the room that NATS has for streams, as another user of the same NATS may, and gives it back. */
import { nodeRuntime, silentLogger } from "../../lib/index.ts";
import { EngineConnection } from "../../lib/jetstream/nats/connection.ts";
import { JetStreamApi } from "../../lib/jetstream/nats/jetstream-api.ts";
import { LIMITS } from "../../lib/limits.ts";
import type { Nats } from "../support/nats.ts";

const STREAM = "BALLAST";
const SUBJECT = "ballast";
const PIECE = Buffer.alloc(2 ** 20 - 1024);
const AT_ONCE = 4;
const PAUSE_MS = 50;
/** From so much of the room on it comes slowly, as it does in a room of usual size: netlog looks every other second. */
const SLOW_FROM = 0.8;
const SLOW_MS = 800;

interface Room {
  readonly storage: number;
  readonly config: { readonly max_storage: number };
}

/** Fills all servers of a cluster, each of which has room for streams of a few hundred MiB at most. Resolves to what gives the room back. */
export async function fill(nats: Nats): Promise<() => Promise<void>> {
  const api = await connect(nats);
  try {
    const stream = { name: STREAM, subjects: [SUBJECT], copies: nats.servers.length, description: "" };
    while (!(await isDone(() => api.createStream(stream))));
    for (let used = await usedRoom(nats); used.least <= 1; used = await usedRoom(nats)) {
      const isSlow = used.most > SLOW_FROM;
      const count = isSlow ? 1 : AT_ONCE;
      const sent = Array.from({ length: count }, () => api.publish(SUBJECT, PIECE, { stream: STREAM }));
      await Promise.allSettled(sent);
      await new Promise((resolve) => setTimeout(resolve, isSlow ? SLOW_MS : PAUSE_MS));
    }
  } finally {
    await api.connection.close();
  }
  return () => empty(nats);
}

/** The share of its room that a server has used: the least and the most of all. NATS takes what comes until more than its room is used. */
async function usedRoom({ servers }: Nats): Promise<{ least: number; most: number }> {
  const rooms = await Promise.all(servers.map((server) => server.monitor<Room>("/jsz")));
  const used = rooms.map(({ storage, config }) => storage / config.max_storage);
  return { least: Math.min(...used), most: Math.max(...used) };
}

async function empty(nats: Nats): Promise<void> {
  const api = await connect(nats);
  try {
    while (!(await isDone(() => api.deleteStream(STREAM))));
  } finally {
    await api.connection.close();
  }
}

/** Where NATS has no leader for the moment, it is asked again. An answer that came too late may have been that it is done. */
async function isDone(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}

async function connect(nats: Nats): Promise<JetStreamApi> {
  const servers = nats.servers.map(({ url }) => url);
  const context = { runtime: nodeRuntime, logger: silentLogger, limits: LIMITS };
  return new JetStreamApi(await EngineConnection.connect({ servers, clientName: "ballast" }, context));
}
