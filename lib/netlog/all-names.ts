/** The names of the topics of all servers of a storage, sorted. */
import type { Neighbours } from "../topic/neighbours.ts";
import type { TopicTable } from "./topic-table.ts";

export class AllNames {
  readonly #own: Pick<TopicTable, "names" | "has">;
  readonly #neighbours: Pick<Neighbours, "names"> | undefined;
  #ownNames: readonly string[] = [];
  #otherNames: readonly string[] = [];
  #all: readonly string[] = [];

  constructor(own: Pick<TopicTable, "names" | "has">, neighbours: Pick<Neighbours, "names"> | undefined) {
    this.#own = own;
    this.#neighbours = neighbours;
  }

  /** A change of the topics makes another array. */
  all(): readonly string[] {
    const { names } = this.#own;
    if (this.#neighbours === undefined) return names;
    const others = this.#neighbours.names;
    if (names !== this.#ownNames || others !== this.#otherNames) {
      this.#ownNames = names;
      this.#otherNames = others;
      this.#all = [...names, ...others.filter((name) => !this.#own.has(name))].sort();
    }
    return this.#all;
  }
}
