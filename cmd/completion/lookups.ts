/** Names that only a server knows, for completion. */

import { TOKEN_FROM_VARIABLE, URL_VARIABLE } from "../cli/variables.ts";
import { CONNECTION_OPTIONS, connect, parseServerUrl } from "../client/call/connection.ts";

/** `server` is what was typed for --server; `null`: nothing. */
export interface Lookups {
  topics(server: string | null): Promise<readonly string[]>;
  scanners(server: string | null, topic: string | undefined): Promise<readonly string[]>;
}

/** A person waits for the cursor. */
const TIMEOUT_MS = 1000;

/** Asks the server; where none answers in time, there are no names. */
export function serverLookups(environment: Readonly<Record<string, string | undefined>>): Lookups {
  const clientOf = (server: string | null) => {
    const { fallback } = CONNECTION_OPTIONS.server;
    const url = parseServerUrl(server ?? (environment[URL_VARIABLE] || fallback));
    const tokenFrom = environment[TOKEN_FROM_VARIABLE] || null;
    return connect(url ?? fallback, { tokenFrom }, environment);
  };
  const names = async (
    ask: (signal: AbortSignal) => Promise<readonly string[]>,
  ): Promise<readonly string[]> => {
    try {
      return await ask(AbortSignal.timeout(TIMEOUT_MS));
    } catch {
      return [];
    }
  };
  return {
    topics: (server) => names(async (signal) => await clientOf(server).topics({ signal })),
    scanners: (server, topic = "") =>
      names(async (signal) => {
        const scanners = await clientOf(server).topic(topic).scanners({ signal });
        return scanners.map(({ id }) => id);
      }),
  };
}

/** The value of --server in a command line; `null` without one. */
export function typedServer(words: readonly string[]): string | null {
  const place = words.findLastIndex((word) => /^--?server(=|$)/.test(word));
  const word = words[place];
  if (word === undefined) return null;
  const equals = word.indexOf("=");
  return (equals < 0 ? words[place + 1] : word.slice(equals + 1)) || null;
}
