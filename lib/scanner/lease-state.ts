/** What a scanner with acknowledgements begins with, and what its state says of its settings: wherever the state is kept. */
import type { LeaseState } from "./lease-file.ts";
import { PendingTable } from "./pending-table.ts";
import { readWorkSettings, type ScannerSettings, type WorkSettings } from "./scanner-settings.ts";

/** What the state keeps of settings, beside those of the wire. */
interface KeptSettings extends WorkSettings {
  readonly expire_ms: number | null;
}

/** A version that knows no keys finds no settings here, and leaves the scanner alone. */
interface KeptByKey {
  readonly by_key: KeptSettings & { readonly keys: readonly string[] };
}

export interface LeaseSettings extends Omit<ScannerSettings, "work"> {
  readonly work: WorkSettings;
}

export function newLeaseState(
  from: number,
  work: WorkSettings,
  { expireMs, keys }: Omit<ScannerSettings, "work">,
  table: PendingTable = new PendingTable(from),
): LeaseState {
  const settings: KeptSettings = { ...work, expire_ms: expireMs ?? null };
  const kept: KeptSettings | KeptByKey = keys === undefined ? settings : { by_key: { ...settings, keys } };
  return { from, settings: kept, table };
}

/** `undefined` where the state has none: it is damaged, or of a later version. */
export function readLeaseSettings(state: LeaseState): LeaseSettings | undefined {
  const { by_key: byKey } = (state.settings ?? {}) as Partial<KeptByKey>;
  const kept = byKey ?? (state.settings as Partial<KeptSettings> | undefined);
  const work = readWorkSettings(kept);
  if (work === undefined || (byKey !== undefined && !Array.isArray(byKey.keys))) return undefined;
  const expireMs = typeof kept?.expire_ms === "number" ? kept.expire_ms : undefined;
  return { work, expireMs, keys: byKey?.keys };
}

/** Forgets what was given of messages that the log does not have. True when there was any. */
export function lowerTable(table: PendingTable, logEndOffset: number): boolean {
  if (table.next <= logEndOffset) return false;
  for (const offset of [...table.pending.keys()]) if (offset >= logEndOffset) table.pending.delete(offset);
  table.next = logEndOffset;
  return true;
}
