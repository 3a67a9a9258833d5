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
import type { EngineOptions } from "./engine.ts";
import { LIMITS } from "./limits.ts";

const NATS_CREDENTIALS = /-----BEGIN NATS USER JWT-----.*-----BEGIN USER NKEY SEED-----/s;
const USER_LINE = /^[^\s:]+:.+\s*$/;

/** A file cannot be read or is not what it should be; the message is one line for the person at the server. */
export class CredentialError extends Error {
  override readonly name = "CredentialError";
}

interface EngineFacts {
  readonly servers: readonly string[];
  readonly credentials: string | undefined;
  readonly systemCredentials: string | undefined;
  readonly prefix: string;
  readonly copies: number;
  readonly monitors: readonly string[];
  readonly isUnsafe: boolean;
}

/** Paths of what a port with a certificate of its own has; empty: none. */
interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  /** Certificates between that one and its authority. */
  readonly chain: string;
  readonly clientCa: string;
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

/** @throws CredentialError. */
export function readPortCertificate(files: CertificateFiles): Certificate {
  const { cert, key } = readCertificate(files.cert, files.key);
  const read = (what: string, path: string): string =>
    path === "" ? "" : readText(what, path, LIMITS.certificateBytes);
  const chain = read("certificate chain", files.chain);
  const clientCa = read("certificate of clients' authority", files.clientCa) || undefined;
  const whole = { cert: chain === "" ? cert : `${cert.trimEnd()}\n${chain}`, key, clientCa };
  try {
    checkCertificate(whole);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    const names = Object.values(files).filter((path) => path !== "");
    throw new CredentialError(`${names.join(", ")} cannot be used: ${error.message}`, { cause: error });
  }
  return whole;
}

/** Credentials for NATS. @throws CredentialError. */
export function readEngineCredentials(path: string): string | undefined {
  if (path === "") return undefined;
  const text = readText("file of credentials", path, LIMITS.certificateBytes);
  if (NATS_CREDENTIALS.test(text) || USER_LINE.test(text)) return text;
  throw new CredentialError(
    `the file of credentials ${path} cannot be used: it is neither a .creds file of NATS nor one line user:password`,
  );
}

/** The options of an engine as lib/jetstream takes them. @throws CredentialError. */
export function readEngineFacts(options: Omit<EngineOptions, "advertise">): EngineFacts {
  return {
    servers: options.engine,
    credentials: readEngineCredentials(options.engineCredentials),
    systemCredentials: readEngineCredentials(options.engineSystemCredentials),
    prefix: options.enginePrefix,
    copies: options.engineCopies,
    monitors: options.engineMonitors,
    isUnsafe: options.isEngineUnsafe,
  };
}

/** A certificate or a key of a database's client. @throws CredentialError. */
export function readPem(path: string): string {
  return readText("certificate or key", path, LIMITS.certificateBytes);
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
