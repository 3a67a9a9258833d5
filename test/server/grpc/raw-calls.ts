/**
 * Calls that speak HTTP/2 without a gRPC library, so that they can be wrong, or stop half way. A session of Node's client
 * that is destroyed within one of its own events writes over memory that it has freed, and the process dies later: what
 * ends a session waits for the next turn. https://github.com/nodejs/node/pull/39076
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { setImmediate } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { within } from "../../support/deadline.ts";

/** A connection that speaks HTTP/2 without a gRPC library. */
export function rawSession(port: number | undefined, initialWindowSize?: number): ClientHttp2Session {
  const settings = initialWindowSize === undefined ? {} : { initialWindowSize };
  const session = connect(`http://127.0.0.1:${port}`, { settings });
  session.on("error", () => {});
  onTestFinished(async () => {
    await setImmediate();
    session.destroy();
  });
  return session;
}

/** A call of a method of the log, or of another service by its whole path; `headers` are further ones. */
export function begin(session: ClientHttp2Session, method: string, headers: object = {}): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": method.startsWith("/") ? method : `/netlog.v1.Log/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  stream.on("error", () => {});
  return stream;
}

/** A message with its prefix; `declared`: the length that the prefix tells. */
export function framed(bytes: Uint8Array, declared: number = bytes.length, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(declared, 1);
  return Buffer.concat([prefix, bytes]);
}

/** Status and code of a call that ends, in the turn behind that. */
export async function endOf(stream: ClientHttp2Stream): Promise<[unknown, unknown]> {
  const end = await within(
    "the end of a call",
    new Promise<[unknown, unknown]>((resolve) => {
      const take = (headers: Record<string, unknown>): void => {
        if (headers["grpc-status"] === undefined) return;
        resolve([Number(headers["grpc-status"]), headers["x-netlog-error"]]);
      };
      stream.on("response", take);
      stream.on("trailers", take);
      stream.on("close", () => resolve(["closed", stream.rstCode]));
      stream.resume();
    }),
  );
  await setImmediate();
  return end;
}
