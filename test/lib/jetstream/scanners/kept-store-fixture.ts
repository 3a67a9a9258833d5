/** Kept files in memory, as records, which can refuse. */
import { NetlogError } from "../../../../lib/base/errors.ts";
import { KeptFiles, type KeptKind, type KeptStore } from "../../../../lib/jetstream/scanners/kept-files.ts";

interface Kept {
  readonly subject: string;
  readonly kind: KeptKind;
  readonly bytes: Buffer;
}

export class MemoryKeptStore implements KeptStore {
  readonly records: Kept[] = [];
  /** What the next writes reject with. */
  refusals: NetlogError[] = [];
  /** A refused record is kept nevertheless: nobody knew. */
  keepsRefused = false;

  put(subject: string, pieces: Iterable<Buffer>): Promise<void> {
    return this.#keep({ subject, kind: "whole", bytes: Buffer.concat([...pieces]) });
  }

  add(subject: string, bytes: Buffer): Promise<void> {
    return this.#keep({ subject, kind: "more", bytes });
  }

  remove(subject: string): Promise<void> {
    return this.#keep({ subject, kind: "gone", bytes: Buffer.alloc(0) });
  }

  /** As the next opening finds them. */
  files(): KeptFiles {
    const files = new KeptFiles();
    for (const { subject, kind, bytes } of this.records) files.take(subject, { kind, number: 0, bytes });
    return files;
  }

  async #keep(record: Kept): Promise<void> {
    await Promise.resolve();
    const refusal = this.refusals.shift();
    if (refusal === undefined || this.keepsRefused) this.records.push(record);
    if (refusal !== undefined) throw refusal;
  }
}

export const UNKNOWN: NetlogError = new NetlogError("sync_failed");
