/** Where a copy comes from: a topic, or a file of messages. Places are counted from 0, in a topic by its offsets. */
import type { ToldMessage } from "../output/message-json.ts";

export interface Source {
  /** Place of the first message of the copy. */
  readonly first: number;
  /**
   * True when `first` is the same each time the copy is started again. A target that holds n messages then has those of
   * the places [first, first + n).
   */
  readonly isFirstFixed: boolean;
  /** Messages from a place on, in order, each with its place as `offset`; many at once. Ends at what was the end. */
  read(place: number): AsyncIterable<readonly ToldMessage[]>;
  /** Nothing will come behind what was read to its end: the topic is closed. */
  readonly isClosed: boolean;
  /** How far reading has come, in `unit`s. */
  readonly done: number;
  /** `undefined` where it is unknown. */
  readonly total: number | undefined;
  readonly unit: "messages" | "bytes";
}
