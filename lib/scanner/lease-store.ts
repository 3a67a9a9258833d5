/** The files of a topic's scanners with acknowledgements: read at opening, begun, and kept by a journal each. */
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import type { Disk } from "../disk/disk.ts";
import type { Durability, LogShared } from "../log/index.ts";
import { decodeLeaseFile, encodeLeaseFile, type LeaseFile, type LeaseState } from "./lease-file.ts";
import { type JournalPlace, LeaseJournal } from "./lease-journal.ts";
import type { Limits } from "./limits.ts";
import { PendingTable } from "./pending-table.ts";
import { readWorkSettings, type ScannerSettings, type WorkSettings } from "./scanner-settings.ts";
import type { StoredWork } from "./scanner-store.ts";

export interface LeaseStoreOptions {
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly logs: LogShared;
  readonly durability: () => Durability;
}

/** What the state block keeps of settings, beside those of the wire. */
interface KeptSettings extends WorkSettings {
  readonly expire_ms: number | null;
}

/** A version that knows no keys finds no settings here, and leaves the scanner alone. */
interface KeptByKey {
  readonly by_key: KeptSettings & { readonly keys: readonly string[] };
}

interface ReadSettings {
  readonly work: WorkSettings;
  readonly expireMs: number | undefined;
  readonly keys: readonly string[] | undefined;
}

export class LeaseStore {
  readonly #options: LeaseStoreOptions;
  readonly #journals = new Map<string, LeaseJournal>();

  constructor(options: LeaseStoreOptions) {
    this.#options = options;
  }

  /** A new one, once the bytes are its file. */
  prepare(
    id: string,
    path: string,
    from: number,
    work: WorkSettings,
    { expireMs, keys }: Omit<ScannerSettings, "work">,
  ): { readonly bytes: Buffer; readonly stored: StoredWork } {
    const settings: KeptSettings = { ...work, expire_ms: expireMs ?? null };
    const kept: KeptSettings | KeptByKey = keys === undefined ? settings : { by_key: { ...settings, keys } };
    const state: LeaseState = { from, settings: kept, table: new PendingTable(from) };
    const bytes = encodeLeaseFile(state);
    const place = { sequence: 1, endPosition: bytes.length, syncedBytes: bytes.length };
    return { bytes, stored: this.#keep(id, path, state, { work, expireMs, keys }, place) };
  }

  /**
   * `undefined` when the file is damaged. What is torn, and what speaks of messages at or behind `logEndOffset`, is
   * taken out of it, durably: there will be others of those offsets. What may be in the page cache alone is written
   * anew: a sync that failed before a crash leaves pages that count as clean and are not on the disk, and that a later
   * sync would confirm.
   *
   * @throws what the disk throws.
   */
  async load(id: string, path: string, logEndOffset: number): Promise<StoredWork | undefined> {
    const { disk, limits } = this.#options;
    const sizeBytes = (await disk.stat(path))?.sizeBytes ?? 0;
    const file = sizeBytes > limits.leaseFileBytes ? undefined : decodeLeaseFile(await disk.readFile(path));
    const settings = readKept(file);
    if (file === undefined || settings === undefined) return undefined;
    const isLowered = lower(file.table, logEndOffset);
    const isSynced = file.endPosition === sizeBytes && file.syncedBytes === sizeBytes;
    if (!isLowered && isSynced) return this.#keep(id, path, file, settings, file);
    const bytes = encodeLeaseFile(file);
    await replaceFile(disk, path, bytes);
    const place = { sequence: 1, endPosition: bytes.length, syncedBytes: bytes.length };
    return this.#keep(id, path, file, settings, place);
  }

  /** Resolves when all that was done so far is on the disk. @throws sync_failed, storage_full, topic_unavailable. */
  async sync(): Promise<void> {
    await Promise.all(Array.from(this.#journals.values(), (journal) => journal.commit("synced")));
  }

  forget(id: string): void {
    this.#journals.delete(id);
  }

  #keep(id: string, path: string, state: LeaseState, read: ReadSettings, place: JournalPlace): StoredWork {
    const { work: settings, expireMs, keys } = read;
    const { from, table } = state;
    const journal = new LeaseJournal({ ...this.#options, path, state }, place);
    this.#journals.set(id, journal);
    return { kind: "work", id, from, expireMs, keys, settings, table, journal };
  }
}

/** Forgets what was given of messages that a crash of the topic took. True when there was any. */
function lower(table: PendingTable, logEndOffset: number): boolean {
  if (table.next <= logEndOffset) return false;
  for (const offset of [...table.pending.keys()]) if (offset >= logEndOffset) table.pending.delete(offset);
  table.next = logEndOffset;
  return true;
}

function readKept(file: LeaseFile | undefined): ReadSettings | undefined {
  const { by_key: byKey } = (file?.settings ?? {}) as Partial<KeptByKey>;
  const kept = byKey ?? (file?.settings as Partial<KeptSettings> | undefined);
  const work = readWorkSettings(kept);
  if (work === undefined || (byKey !== undefined && !Array.isArray(byKey.keys))) return undefined;
  const expireMs = typeof kept?.expire_ms === "number" ? kept.expire_ms : undefined;
  return { work, expireMs, keys: byKey?.keys };
}
