/**
 * History in big aligned blocks, shared by all readers of all logs and bounded. Only bytes that are synced are
 * kept: what may yet be cut never gets in. Blocks are never reused for other bytes, so views of them stay right.
 */
import { LRUCache } from "lru-cache";
import type { Slots } from "../slots.ts";
import type { PooledFile } from "./open-files.ts";

/** What a block is read from. */
export interface BlockSource {
  readonly id: number;
  readonly file: PooledFile;
  /** Readable bytes of the file. */
  readonly sizeBytes: number;
  /** Bytes of the file known to be on the disk. */
  readonly syncedBytes: number;
}

/** More blocks than a segment has: positions are u32, blocks at least 4 KiB. */
const BLOCKS_PER_SEGMENT = 2 ** 20;

export class BlockCache {
  readonly #blockBytes: number;
  readonly #largeReads: Slots;
  readonly #blocks: LRUCache<number, Buffer>;
  /** Reads in flight, so that many readers of one block cost one read. */
  readonly #loading = new Map<number, Promise<Buffer>>();

  /** `largeReads` bounds those of more than two blocks, which are not kept: memory is taken when they begin. */
  constructor(blockBytes: number, maxBytes: number, largeReads: Slots) {
    this.#blockBytes = blockBytes;
    this.#largeReads = largeReads;
    this.#blocks = new LRUCache({ maxSize: maxBytes, sizeCalculation: (block) => Math.max(1, block.length) });
  }

  /**
   * Bytes of `source` from `position` on: at least `length` of them unless the file ends, often up to the end of
   * the block. What spans blocks is copied out.
   *
   * @throws what the disk throws.
   */
  async read(source: BlockSource, position: number, length: number): Promise<Buffer> {
    const end = Math.min(position + length, source.sizeBytes);
    if (position >= end) return Buffer.alloc(0);
    const first = Math.floor(position / this.#blockBytes);
    const last = Math.floor((end - 1) / this.#blockBytes);
    if (last - first > 1) {
      return await this.#largeReads.run(() => source.file.read(position, end - position));
    }
    const block = await this.#block(source, first, end);
    const at = position - first * this.#blockBytes;
    if (first === last) return block.subarray(at);
    const next = await this.#block(source, last, end);
    return Buffer.concat([block.subarray(at), next.subarray(0, end - last * this.#blockBytes)]);
  }

  /** Whether such a read gives memory of its own, and not a view of a block that all its readers share. */
  copiesOut(position: number, length: number): boolean {
    return Math.floor(position / this.#blockBytes) !== Math.floor((position + length - 1) / this.#blockBytes);
  }

  /** Block number `number`, holding at least what lies below position `end` of it. */
  #block(source: BlockSource, number: number, end: number): Buffer | Promise<Buffer> {
    const key = source.id * BLOCKS_PER_SEGMENT + number;
    const start = number * this.#blockBytes;
    const needed = Math.min(end, start + this.#blockBytes) - start;
    const cached = this.#blocks.get(key);
    if (cached !== undefined && cached.length >= needed) return cached;
    const loading = this.#loading.get(key);
    if (loading !== undefined) {
      return loading.then((block) => (block.length >= needed ? block : this.#load(source, key, start)));
    }
    return this.#load(source, key, start);
  }

  async #load(source: BlockSource, key: number, start: number): Promise<Buffer> {
    const length = Math.min(this.#blockBytes, source.sizeBytes - start);
    const loading = source.file.read(start, length);
    this.#loading.set(key, loading);
    try {
      const block = await loading;
      const syncedLength = Math.min(block.length, source.syncedBytes - start);
      if (syncedLength > 0) this.#blocks.set(key, block.subarray(0, syncedLength));
      return block;
    } finally {
      if (this.#loading.get(key) === loading) this.#loading.delete(key);
    }
  }
}
