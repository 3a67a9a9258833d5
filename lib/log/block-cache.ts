/**
 * History in big aligned blocks, shared by all readers of all logs and bounded. What spans many blocks, one large
 * frame, is kept beside them as it is, so that readers of one message share its bytes. Only bytes that are synced are
 * kept: what may yet be cut never gets in. Blocks are never reused for other bytes, so views of them stay right.
 */
import { LRUCache } from "lru-cache";
import type { Slots } from "../base/slots.ts";
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
/** A large frame is kept when it is at most this share of all that is kept. */
const LARGE_SHARE = 1 / 3;

export class BlockCache {
  readonly #blockBytes: number;
  readonly #largeReads: Slots;
  /** Blocks by number; large frames by segment, position and length. */
  readonly #blocks: LRUCache<number | string, Buffer>;
  /** Reads in flight, so that many readers of one block cost one read. */
  readonly #loading = new Map<number | string, Promise<Buffer>>();

  /** `largeReads` bounds those of more than two blocks: memory is taken when they begin. */
  constructor(blockBytes: number, maxBytes: number, largeReads: Slots) {
    this.#blockBytes = blockBytes;
    this.#largeReads = largeReads;
    this.#blocks = new LRUCache({
      maxSize: maxBytes,
      maxEntrySize: Math.max(blockBytes, Math.floor(maxBytes * LARGE_SHARE)),
      sizeCalculation: (block) => Math.max(1, block.length),
    });
  }

  /**
   * In how many blocks `length` bytes from `position` on lie. A read of one gives a view of the block, which all its
   * readers share; of two, memory of its own; of more, memory that those share who read just that.
   */
  spannedBy(position: number, length: number): number {
    return (
      Math.floor((position + length - 1) / this.#blockBytes) - Math.floor(position / this.#blockBytes) + 1
    );
  }

  /**
   * Bytes of `source` from `position` on: at least `length` of them unless the file ends, often up to the end of
   * the block. See spannedBy for whose they are.
   *
   * @throws what the disk throws.
   */
  async read(source: BlockSource, position: number, length: number): Promise<Buffer> {
    const end = Math.min(position + length, source.sizeBytes);
    if (position >= end) return Buffer.alloc(0);
    const first = Math.floor(position / this.#blockBytes);
    const last = Math.floor((end - 1) / this.#blockBytes);
    if (last - first > 1) return await this.#large(source, position, end);
    const block = await this.#block(source, first, end);
    const at = position - first * this.#blockBytes;
    if (first === last) return block.subarray(at);
    const next = await this.#block(source, last, end);
    return Buffer.concat([block.subarray(at), next.subarray(0, end - last * this.#blockBytes)]);
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
    const block = await this.#loadOnce(key, () => source.file.read(start, length));
    const syncedLength = Math.min(block.length, source.syncedBytes - start);
    if (syncedLength > 0) this.#blocks.set(key, block.subarray(0, syncedLength));
    return block;
  }

  async #large(source: BlockSource, position: number, end: number): Promise<Buffer> {
    const key = `${source.id}/${position}/${end}`;
    const known = this.#blocks.get(key) ?? this.#loading.get(key);
    if (known !== undefined) return await known;
    const bytes = await this.#loadOnce(key, () =>
      this.#largeReads.run(() => source.file.read(position, end - position)),
    );
    if (bytes.length === end - position && end <= source.syncedBytes) this.#blocks.set(key, bytes);
    return bytes;
  }

  async #loadOnce(key: number | string, load: () => Promise<Buffer>): Promise<Buffer> {
    const loading = load();
    this.#loading.set(key, loading);
    try {
      return await loading;
    } finally {
      if (this.#loading.get(key) === loading) this.#loading.delete(key);
    }
  }
}
