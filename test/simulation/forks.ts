/** Who forks topics, and what a fork promises: what it showed when it was acknowledged stays, whatever becomes of its source. */
import { isNetlogError, type Netlog, type Topic } from "../../lib/index.ts";
import type { Calls } from "./calls.ts";
import type { Client } from "./client.ts";
import { FORK_NAMES, type Fork } from "./fork-plan.ts";
import type { Existence, FoundTopic } from "./model.ts";
import { readWhole } from "./opening.ts";
import { TOPIC_NAMES } from "./plan.ts";
import { BrokenPromise, nothingIsRefusedWithoutReason } from "./promises.ts";
import type { World } from "./world.ts";

/** Beyond any plan: forks do not end by themselves. */
const FAR_AWAY = "2098-01-01T00:00:00Z";

interface ForkModel {
  state: Existence;
  /** What it showed; `undefined` where nobody has looked. */
  shown: ReadonlyMap<number, string> | undefined;
}

export class Forks {
  readonly #world: World;
  readonly #calls: Calls;
  readonly #client: Client;
  readonly #models = new Map<string, ForkModel>();
  /** Names whose deletion was asked for: a fork that is answered meanwhile may be gone already. */
  readonly #deletions = new Set<string>();

  constructor(world: World, calls: Calls, client: Client) {
    this.#world = world;
    this.#calls = calls;
    this.#client = client;
  }

  /** The source and its fork by number; `at` in 100 is where between the source's ends it is left. */
  async fork(netlog: Netlog, { topic, fork, at }: Fork): Promise<void> {
    const [source, name] = [TOPIC_NAMES[topic]!, FORK_NAMES[fork]!];
    const before = this.#models.get(name);
    const model: ForkModel = { state: "begun", shown: undefined };
    const offset = offsetAt(netlog, source, at);
    await this.#calls.make(
      `fork ${source} as ${name}`,
      () =>
        netlog.forkTopic(
          name,
          { source, ...(offset === undefined ? {} : { offset }) },
          { expires_at: FAR_AWAY },
        ),
      async (made) => {
        model.state = this.#deletions.has(name) ? "ending" : "present";
        this.#models.set(name, model);
        model.shown = await this.#look(made, model);
      },
      (error) => {
        // There since before, or from another call that forked it meanwhile.
        const wasThere = [before, this.#models.get(name)].some((each) => (each?.state ?? "gone") !== "gone");
        const exists = isNetlogError(error, "topic_exists") && wasThere;
        const isMissing = isNetlogError(error, "topic_not_found") || isNetlogError(error, "offset_not_found");
        if (isNetlogError(error, "sync_failed")) this.#models.set(name, { ...model, state: "unknown" });
        nothingIsRefusedWithoutReason(`fork ${source}`, error, exists || isMissing || this.#client.mayFail);
      },
    );
  }

  async delete(netlog: Netlog, fork: number): Promise<void> {
    const name = FORK_NAMES[fork]!;
    const end = (state: Existence): void => {
      const model = this.#models.get(name);
      if (model !== undefined) model.state = state;
    };
    this.#deletions.add(name);
    end("ending");
    await this.#calls.make(
      `delete ${name}`,
      () => netlog.deleteTopic(name, { force: true }),
      () => {
        this.#deletions.delete(name);
        end("gone");
      },
      (error) => {
        const isMissing = isNetlogError(error, "topic_not_found");
        this.#deletions.delete(name);
        end("unknown");
        nothingIsRefusedWithoutReason(`delete ${name}`, error, isMissing || this.#client.mayFail);
      },
    );
  }

  /** After an opening: forks are there as answered, with what they showed. */
  async takeUp(netlog: Netlog): Promise<void> {
    this.#deletions.clear();
    for (const name of FORK_NAMES) {
      const isThere = netlog.topicNames().includes(name);
      const { state = "gone", shown } = this.#models.get(name) ?? {};
      if (state === "present" && !isThere) throw new BrokenPromise("an acknowledged fork stays", name);
      const found = isThere ? await readWhole(netlog.topic(name)) : undefined;
      if (found !== undefined && state === "present" && shown !== undefined)
        showsWhatItDid(name, found, shown);
      const known = found === undefined ? undefined : contentOf(found);
      this.#models.set(name, { state: isThere ? "present" : "gone", shown: known });
    }
  }

  /** When nothing happens any more: the folder holds topics, and what their forks keep, and nothing else. */
  leakNothing(netlog: Netlog): void {
    const topics = netlog.topicNames();
    const hasForks = FORK_NAMES.some((name) => topics.includes(name));
    for (const name of this.#world.folders()) {
      const isKnown = topics.includes(name) || (hasForks && netlog.isTombstone(name));
      if (!isKnown) throw new BrokenPromise("no folder is leaked", name);
    }
  }

  /** Nothing where the disk does not let it be read, or it is deleted meanwhile. */
  async #look(topic: Topic, model: ForkModel): Promise<ReadonlyMap<number, string> | undefined> {
    try {
      return contentOf(await readWhole(topic));
    } catch (error) {
      const isDeleted = isNetlogError(error, "topic_not_found") && model.state !== "present";
      const isDropped = isNetlogError(error, "offset_not_found");
      if (!this.#client.mayFail && !isDropped && !isDeleted) throw error;
      return undefined;
    }
  }
}

function offsetAt(netlog: Netlog, source: string, at: number): number | undefined {
  if (at >= 100 || !netlog.hasTopic(source)) return undefined;
  try {
    const { start } = netlog.topic(source).readableOffsets;
    return start + Math.floor(((netlog.topic(source).readableEnd - start) * at) / 100);
  } catch (error) {
    if (isNetlogError(error)) return undefined;
    throw error;
  }
}

function contentOf({ messages }: FoundTopic): ReadonlyMap<number, string> {
  return new Map(
    messages.map(({ offset, payload, timestampMs }) => [offset, `${timestampMs} ${payload.toString("hex")}`]),
  );
}

/** Save for what retention has dropped at its beginning. */
function showsWhatItDid(name: string, found: FoundTopic, shown: ReadonlyMap<number, string>): void {
  const content = contentOf(found);
  const { retention_size, segment_age } = found.topic.settings;
  const keepsAll = retention_size === 0 && segment_age === "30day";
  for (const [offset, told] of shown) {
    if (!keepsAll && offset < found.firstOffset) continue;
    if (content.get(offset) !== told)
      throw new BrokenPromise("a fork shows what it did", `${name}/${offset}`);
  }
}
