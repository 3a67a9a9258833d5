/** The yardstick: a bare node:http server that reads the body and answers 201. Tells its port to its parent. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((incoming, outgoing) => {
  incoming.on("data", () => {});
  incoming.on("end", () => {
    outgoing.writeHead(201, { "content-length": 0 });
    outgoing.end();
  });
});
server.listen(0, "127.0.0.1", () => {
  process.send?.((server.address() as AddressInfo).port);
});
