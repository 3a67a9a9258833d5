/** What lets clients in: read at the start, and again when the process is sent SIGHUP. */
import { resolve } from "node:path";
import type { Logger } from "../../lib/index.ts";
import type { RunningServer, TokenRecord } from "../../server/index.ts";
import type { AccessOptions } from "../options/access.ts";
import {
  CredentialError,
  isWritableByOthers,
  type ReadCertificate,
  readCertificate,
  readTokenFile,
} from "../options/credential-files.ts";

/** `undefined` where the options name no such file. */
export interface Credentials {
  readonly tokens: readonly TokenRecord[] | undefined;
  readonly certificate: ReadCertificate | undefined;
}

/** What takes other tokens and another certificate while it runs. */
export interface Reloaded extends Pick<RunningServer, "replaceTokens" | "replaceCertificate"> {
  /** Those of ports that have one of their own. */
  rereadOwnCertificates?(): void;
}

type Files = Pick<AccessOptions, "tokenFile" | "tlsCert" | "tlsKey">;

/** @throws CredentialError. */
export function readCredentials({ tokenFile, tlsCert, tlsKey }: Files): Credentials {
  return {
    tokens: tokenFile === "" ? undefined : readTokenFile(resolve(tokenFile)),
    certificate: tlsCert === "" ? undefined : readCertificate(resolve(tlsCert), resolve(tlsKey)),
  };
}

/** Tells what the person at the server would want to know of what was read. */
export function logCredentials(files: Files, { tokens, certificate }: Credentials, logger: Logger): void {
  if (tokens !== undefined) {
    const file = resolve(files.tokenFile);
    logger.info({ file, tokens: tokens.length }, "tokens read");
    if (tokens.length === 0)
      logger.warn({ file }, "the token file holds no tokens: no client may use the server");
    if (isWritableByOthers(file)) logger.warn({ file }, "others than its owner can change the token file");
  }
  if (certificate !== undefined) {
    const file = resolve(files.tlsCert);
    const endsAt = new Date(certificate.endsAtMs).toISOString();
    if (certificate.endsAtMs > Date.now()) logger.info({ file, endsAt }, "certificate read");
    else logger.warn({ file, endsAt }, "the certificate is out of date: clients will refuse it");
  }
}

/**
 * From here on SIGHUP has the files read again, once the server is there that this gives. Where the options name none it
 * changes nothing, for supervisors send it without knowing; on a terminal, which sends it when it is closed, it then
 * ends the process, as ever. A file that is broken leaves what the server knows as it was, and does not keep the other
 * one from being read.
 */
export function reloadOnHangUp(
  { tokenFile, tlsCert, tlsKey }: Files,
  logger: Logger,
  isTerminal: boolean,
): (server: Reloaded) => void {
  const parts: Files[] = [];
  if (tokenFile !== "") parts.push({ tokenFile, tlsCert: "", tlsKey: "" });
  if (tlsCert !== "") parts.push({ tokenFile: "", tlsCert, tlsKey });
  if (parts.length === 0 && isTerminal) return () => {};
  let running: Reloaded | undefined;
  let isAsked = false;
  const reloadAll = (): void => {
    isAsked = true;
    if (running === undefined) return;
    if (parts.length === 0) logger.info({}, "SIGHUP: no token file and no certificate to read again");
    for (const part of parts) reload(part, running, logger);
    running.rereadOwnCertificates?.();
  };
  process.on("SIGHUP", reloadAll);
  return (server) => {
    running = server;
    if (isAsked) reloadAll();
  };
}

function reload(files: Files, server: Reloaded, logger: Logger): void {
  try {
    const credentials = readCredentials(files);
    if (credentials.tokens !== undefined) server.replaceTokens(credentials.tokens);
    if (credentials.certificate !== undefined) server.replaceCertificate(credentials.certificate);
    logCredentials(files, credentials, logger);
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    logger.error({}, `${error.message}; what was read before stays`);
  }
}
