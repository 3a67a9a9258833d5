/** A server in the test's own process whose disk, clock, limits and log lines the test holds in its hands. */
import { onTestFinished } from "vitest";
import {
  LIMITS,
  type Limits,
  type RunningServer,
  type ServerOptions,
  startServer,
} from "../../server/index.ts";
import { Api } from "../contract/api.ts";
import { RawConnection } from "../contract/raw.ts";
import { type FixtureOptions, type NetlogFixture, openNetlog } from "../support/netlog-fixture.ts";

export interface ServerFixture extends NetlogFixture {
  readonly server: RunningServer;
  readonly api: Api;
}

export interface ServerFixtureOptions extends Omit<FixtureOptions, "limits"> {
  readonly limits?: Partial<Limits>;
  readonly server?: Partial<ServerOptions>;
}

/** Stopped when the test is over. */
export async function serverForTest(options: ServerFixtureOptions = {}): Promise<ServerFixture> {
  const fixture = await openNetlog(options);
  const { netlog, logger, runtime } = fixture;
  const limits = { ...LIMITS, ...options.limits };
  const server = await startServer({
    netlog,
    host: "127.0.0.1",
    port: 0,
    logger,
    limits,
    runtime,
    ...options.server,
  });
  const api = new Api(server.url);
  onTestFinished(async () => {
    await api.disconnect();
    await endServer({ server, runtime, netlog });
  });
  return { ...fixture, server, api };
}

/** Stops it, and closes what it served. */
export async function endServer({
  server,
  runtime,
  netlog,
}: Pick<ServerFixture, "server" | "runtime" | "netlog">): Promise<void> {
  const stopped = server.stop();
  await runtime.advance(LIMITS.stopMs);
  await stopped;
  await netlog.close();
}

/** A connection that the test need not close. */
export async function connectionForTest({ server }: Pick<ServerFixture, "server">): Promise<RawConnection> {
  const connection = await RawConnection.open(server.url);
  onTestFinished(() => connection.leave());
  return connection;
}
