/** The certificate that the server shows, and whether it is one. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";

/** Both in PEM form. Behind the server's own certificate stand those that lead to its authority. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Authorities of clients, in PEM form: a client without a certificate of theirs is refused. */
  readonly clientCa?: string | undefined;
}

/** It cannot be used; the message says which half, and why. Never quotes a key. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/** Gives the end of its time, in ms since 1970. @throws CertificateError. */
export function checkCertificate({ cert, key, clientCa }: Certificate): number {
  const certificate = attempt("the certificate is not in PEM form", () => new X509Certificate(cert));
  const secret = attempt(
    "the key is not an unencrypted private key in PEM form",
    (): KeyObject => createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(secret)) throw new CertificateError("the key is another certificate's");
  attempt("the certificate and its key cannot be used", () => createSecureContext({ cert, key }));
  attempt("the authorities of clients are not in PEM form", () => clientCa && new X509Certificate(clientCa));
  return Date.parse(certificate.validTo);
}

function attempt<T>(trouble: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new CertificateError(trouble, { cause });
  }
}
