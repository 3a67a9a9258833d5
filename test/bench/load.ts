/** The load generator, a process of its own: runs one load after the other, as its parent sends them. */
import { Connection } from "./connection.ts";

export interface Load {
  readonly port: number;
  readonly method: "GET" | "POST";
  /** One connection for each. */
  readonly paths: readonly string[];
  readonly body: string;
  readonly expectedStatus: number;
  readonly expectedBody: string;
  /** Ends after so many answers, or after so long. */
  readonly count: number;
  readonly durationMs: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
}

export type LoadReport = { readonly result: LoadResult } | { readonly error: string };

async function run(load: Load): Promise<LoadResult> {
  const startedAtMs = performance.now();
  let requests = 0;
  // Each connection still has its last request out when the count is reached.
  const last = load.count - load.paths.length;
  const again = (): boolean => {
    requests += 1;
    return requests <= last && performance.now() - startedAtMs < load.durationMs;
  };
  const connections = load.paths.map((path) => new Connection(load.port, repetitionOf(load, path), again));
  await Promise.all(connections.map((connection) => connection.run()));
  return { requests, seconds: (performance.now() - startedAtMs) / 1000 };
}

function repetitionOf(load: Load, path: string): ConstructorParameters<typeof Connection>[1] {
  const head = `${load.method} ${path} HTTP/1.1\r\nHost: localhost\r\n`;
  const length = load.method === "POST" ? `Content-Length: ${Buffer.byteLength(load.body)}\r\n` : "";
  return {
    request: Buffer.from(`${head}${length}\r\n${load.body}`),
    expectedStatus: load.expectedStatus,
    expectedBody: Buffer.from(load.expectedBody),
  };
}

function report(answer: LoadReport): void {
  process.send?.(answer);
}

process.on("message", (load: Load) => {
  run(load).then(
    (result) => report({ result }),
    (error: unknown) => report({ error: String(error) }),
  );
});
