/** An answer in the bytes that go over the wire. */
export class Packed {
  readonly bytes: Buffer;
  /** Messages of a topic that it holds. */
  readonly messageCount: number;
  /** To be called when all of it was handed to the network, or was not. */
  readonly settle: ((handedOver: boolean) => void) | undefined;

  constructor(bytes: Buffer, messageCount = 0, settle?: (handedOver: boolean) => void) {
    this.bytes = bytes;
    this.messageCount = messageCount;
    this.settle = settle;
  }
}
