/** TLS to the PostgreSQL server of views: libpq's words for it, in variables and in the URL, and its files. */
import type { ViewSettings } from "../../server/views/view-program.ts";
import { parseSwitch } from "../cli/option-values.ts";
import { readPem } from "../options/credential-files.ts";

/** What pg takes: false for none. */
export type DatabaseTls = false | Readonly<Record<string, unknown>>;

/** Whether the server's certificate, and its name, are checked: https://www.postgresql.org/docs/15/libpq-ssl.html */
const SSL_MODES: Readonly<Record<string, DatabaseTls>> = {
  disable: false,
  require: { rejectUnauthorized: false },
  "verify-ca": { rejectUnauthorized: true, checkServerIdentity: () => undefined },
  "verify-full": { rejectUnauthorized: true },
};
export const SSL_WORDS: string = Object.keys(SSL_MODES).join(", ");

/** Paths, or nothing. */
interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** `undefined`: there is no such word. @throws CredentialError for a file that cannot be read. */
export function tlsOfMode(word: string, files: TlsFiles): DatabaseTls | undefined {
  const mode = Object.hasOwn(SSL_MODES, word) ? SSL_MODES[word] : undefined;
  if (mode === undefined || mode === false) return mode;
  const given = Object.entries(files).filter(([, path]) => path !== "");
  return { ...mode, ...Object.fromEntries(given.map(([part, path]) => [part, readPem(path)])) };
}

export interface TlsOfUrl {
  /** The URL without what it says of TLS. */
  readonly url: string;
  /** `undefined`: it says nothing, and pg goes by PGSSLMODE. */
  readonly ssl: DatabaseTls | undefined;
  /** `sslmode` has a value that is none. */
  readonly isUnknown: boolean;
}

/** pg itself reads `require` as `verify-full`, and never says that. @throws CredentialError. */
export function tlsOfUrl(given: string): TlsOfUrl {
  const start = given.indexOf("?");
  if (start < 0) return { url: given, ssl: undefined, isUnknown: false };
  const query = new URLSearchParams(given.slice(start));
  const take = (name: string): string => {
    const value = query.get(name) ?? "";
    query.delete(name);
    return value;
  };
  const mode = take("sslmode");
  const files = { cert: take("sslcert"), key: take("sslkey"), ca: take("sslrootcert") };
  const url = `${given.slice(0, start)}${query.size === 0 ? "" : `?${query}`}`;
  if (mode === "" && Object.values(files).every((path) => path === ""))
    return { url, ssl: undefined, isUnknown: false };
  const ssl = tlsOfMode(mode === "" ? "verify-full" : mode, files);
  return { url, ssl, isUnknown: ssl === undefined };
}

/** Where upstream has two switches in the place of a mode. @throws ViewSettings.refusal. */
export function tlsOfSwitches(
  settings: ViewSettings,
  names: { readonly enabled: string; readonly insecure: string },
): DatabaseTls {
  const [enabled, insecure] = [names.enabled, names.insecure].map((name) => {
    const value = parseSwitch(settings.text(name));
    if (value === undefined) throw settings.refusal(name, "true or false");
    return value;
  });
  return enabled === true && { rejectUnauthorized: insecure !== true };
}
