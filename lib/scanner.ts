/** A reader's position in a topic, kept by the server. */
import type { Message } from "./topic.ts";

export interface ScannerInfo {
  readonly id: string;
  readonly next: number;
  readonly from: number;
  readonly persistent: boolean;
}

export interface ScanRequest {
  /** 0: answer at once. */
  readonly waitMs: number;
  /** Called when the scan has to wait, with what ends the wait (the client left): scan then gives undefined. */
  readonly onWaiting?: (cancel: () => void) => void;
}

export interface Delivery {
  readonly message: Message;
  /** Messages that retention dropped before this scanner came to them, since its last delivery. */
  readonly skipped: number;
  /** To be called once. `false`: the client did not get it; it is the next one given. */
  settle(handedOver: boolean): void;
}

export class Scanner {
  info(): ScannerInfo {
    return unfinished();
  }
  /** Resolves to undefined only when cancelled. */
  scan(request: ScanRequest): Promise<Delivery | undefined> {
    return unfinished(request);
  }
}

function unfinished(..._given: unknown[]): never {
  throw new Error("not built yet");
}
