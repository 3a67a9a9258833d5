/** Asks another server of the same topics about its own ones, in the name of a client. */
import type { Exchange } from "./exchange.ts";
import { FORWARDED } from "./forward-headers.ts";

const OK = 200;

/**
 * The JSON at `path` of the server at `origin`, which checks the client's token; `undefined` where it gives none in time.
 * The request says that it was sent on, so that the other server asks nobody.
 */
export function askPeer(exchange: Exchange, origin: string, path: string): Promise<unknown> {
  const { context, request } = exchange;
  const { limits, runtime } = context;
  const token = request.header("authorization");
  const headers = ["Host", new URL(origin).host, FORWARDED, "1", "X-Forwarded-For", exchange.client()];
  if (token !== undefined) headers.push("Authorization", token);
  return new Promise((resolve) => {
    const there = context.peers.request(origin, { method: "GET", path, headers });
    const end = (answer: unknown): void => {
      timer.cancel();
      resolve(answer);
      if (answer === undefined) there.destroy();
    };
    const timer = runtime.setTimer(limits.forwardAskMs, () => end(undefined));
    there.on("error", () => end(undefined));
    there.once("response", (incoming) => {
      const pieces: Buffer[] = [];
      let sizeBytes = 0;
      incoming.on("data", (piece: Buffer) => {
        sizeBytes += piece.length;
        if (sizeBytes > limits.forwardAskBytes) end(undefined);
        else pieces.push(piece);
      });
      incoming.once("end", () => end(incoming.statusCode === OK ? parse(Buffer.concat(pieces)) : undefined));
      incoming.on("error", () => end(undefined));
    });
    there.end();
  });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return undefined;
  }
}
