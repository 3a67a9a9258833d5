/**
 * The other servers of a storage that several servers share: each topic is served by one of them, its owner. A storage in
 * files has one server, and no neighbours.
 */
export interface Neighbours {
  /** Topics of the storage that this server does not own, sorted. A change makes another array. */
  readonly names: readonly string[];
  /** The URLs of the servers that own some of them. */
  readonly servers: readonly string[];
  /** One of the topics. */
  has(name: string): boolean;
  /**
   * The URL of the server that owns a topic which this one does not serve; a promise where the storage has to be asked.
   * `undefined`: there is no such topic, or this server owns it by now.
   *
   * @throws topic_unavailable: no server owns it now; one takes it over soon.
   */
  ownerOf(name: string): string | undefined | Promise<string | undefined>;
  /** A request to the server at this URL got no answer. */
  suspect(url: string): void;
  /** Calls `hear` with the URL of each server that is gone: requests that wait for it get no answer. Gives what ends that. */
  watchGone(hear: (url: string) => void): () => void;
}
