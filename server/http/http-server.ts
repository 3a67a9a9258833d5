/** Node's own server, plain or with TLS, and its limits. */
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { SecureContextOptions } from "node:tls";
import type { Certificate } from "./certificate.ts";
import type { Limits } from "./limits.ts";

/** How often Node looks for headers that are late. */
const MAX_CHECK_MS = 5000;

/** With TLS it is a `node:https` server, which differs in nothing but what its sockets do. */
export function createHttpServer(limits: Limits, certificate: Certificate | undefined): Server {
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    keepAliveTimeout: limits.keepAliveMs,
    // A stream that comes in has no end in time; a body that stops coming is idle-watch.ts's.
    requestTimeout: 0,
    // Else a second Host or Origin would be dropped unseen.
    joinDuplicateHeaders: true,
    // Else a request without it gets an answer without a body: accept.ts refuses it.
    requireHostHeader: false,
    connectionsCheckingInterval: Math.min(limits.headersMs, MAX_CHECK_MS),
  };
  const server =
    certificate === undefined
      ? createServer(options)
      : createTlsServer({
          ...options,
          ...secureContextOf(certificate),
          requestCert: certificate.clientCa !== undefined,
          handshakeTimeout: limits.headersMs,
          // As node:http has it by itself.
          allowHalfOpen: true,
        });
  // A client that has sent all may still listen: without this node:http ends the connection before it has answered.
  return Object.assign(server, { httpAllowHalfOpen: true });
}

/** As node:tls takes it. */
export function secureContextOf({ cert, key, clientCa }: Certificate): SecureContextOptions {
  return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}
