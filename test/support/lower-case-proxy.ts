/** A proxy that gives header names in lower case, as every proxy does that speaks HTTP/2 to its clients. */
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** Hands requests on to `port`; gives its own port. Ends with the running test. */
export async function lowerCaseProxy(port: number): Promise<number> {
  const proxy = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const onward = request({ host: "127.0.0.1", port, method, path: url, headers });
    // Node's own names of what it received are in lower case, and it sends them as they are given.
    onward.on("response", (reply) => {
      outgoing.writeHead(reply.statusCode!, reply.headers);
      reply.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  return (proxy.address() as AddressInfo).port;
}
