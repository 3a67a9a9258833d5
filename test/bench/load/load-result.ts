/** What every load tells that counts messages. */
export interface LoadResult {
  readonly messages: number;
  readonly seconds: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}
