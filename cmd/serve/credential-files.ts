/** Reads the files that decide who may use the server: its tokens, and its certificate with the key. */
import { readFileSync, statSync } from "node:fs";
import {
  type Certificate,
  CertificateError,
  checkCertificate,
  parseTokenFile,
  TokenFileError,
  type TokenRecord,
} from "../../server/index.ts";
import { LIMITS } from "../options/limits.ts";

/** A file cannot be read or is not what it should be; the message is one line for the person at the server. */
export class CredentialError extends Error {
  override readonly name = "CredentialError";
}

export interface ReadCertificate extends Certificate {
  /** ms since 1970. */
  readonly endsAtMs: number;
}

/** @throws CredentialError. */
export function readTokenFile(path: string): TokenRecord[] {
  const text = readText("token file", path, LIMITS.tokenFileBytes);
  try {
    return parseTokenFile(text, LIMITS);
  } catch (error) {
    if (!(error instanceof TokenFileError)) throw error;
    throw new CredentialError(`the token file ${path} cannot be used: ${error.message}`, { cause: error });
  }
}

/** Both halves, which belong together. @throws CredentialError. */
export function readCertificate(certPath: string, keyPath: string): ReadCertificate {
  const cert = readText("certificate", certPath, LIMITS.certificateBytes);
  const key = readText("private key", keyPath, LIMITS.certificateBytes);
  try {
    return { cert, key, endsAtMs: checkCertificate({ cert, key }) };
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    const files = `the certificate ${certPath} and the private key ${keyPath}`;
    throw new CredentialError(`${files} cannot be used: ${error.message}`, { cause: error });
  }
}

/** Who can write to it can give themselves every right. */
export function isWritableByOthers(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o022) !== 0;
}

function readText(what: string, path: string, maxBytes: number): string {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new CredentialError(`the ${what} ${path} ${reason}`, { cause });
  };
  try {
    const stats = statSync(path);
    // A pipe has nothing to give when it is read again.
    if (!stats.isFile()) refuse("is no regular file");
    const { size } = stats;
    if (size > maxBytes) refuse(`has ${size} bytes, more than ${maxBytes}`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof CredentialError) throw error;
    const { code = String(error) } = error as NodeJS.ErrnoException;
    return refuse(code === "ENOENT" ? "does not exist" : `cannot be read (${code})`, error);
  }
}
