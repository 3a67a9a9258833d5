/** Sends commands to a Redis once, for what is not measured. */
import { connect } from "node:net";

export interface RedisSendJob {
  readonly port: number;
  readonly commands: Uint8Array;
  /** Line ends of all replies together. */
  readonly replyLines: number;
}

const LINE_END = 10;

export function sendRedis({ port, commands, replyLines }: RedisSendJob): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let lines = 0;
    socket.once("error", reject);
    socket.on("data", (bytes) => {
      for (const byte of bytes) if (byte === LINE_END) lines += 1;
      if (lines < replyLines) return;
      socket.destroy();
      resolve();
    });
    socket.write(commands);
  });
}
