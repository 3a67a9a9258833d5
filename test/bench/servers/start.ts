/** Starts each kind of server that is measured. Those that are not there give `undefined`. */
import { fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { payloadOf } from "../messages.ts";
import type { NatsCluster } from "./nats.ts";
import { awaitOutput, awaitReady, freePort, ServerProcess } from "./server-process.ts";

export type RedisPolicy = "always" | "everysec";

export const SHIM: string = fileURLToPath(new URL("../../cmd/netlog.cjs", import.meta.url));
const ERRORS_ONLY = ["ignore", "ignore", "pipe"] as const;

export async function startBare(): Promise<ServerProcess> {
  const child = fork(new URL("./bare-server.js", import.meta.url), [payloadOf(0, 100)]);
  const [port] = (await once(child, "message")) as [number];
  return new ServerProcess(child, port);
}

/** The built server, on a data folder, at its defaults. */
export async function startNetlog(folder: string, profileFolder?: string): Promise<ServerProcess> {
  const profile = profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
  const args = [...profile, SHIM, "serve", "-listen", "127.0.0.1:0", "-dir", folder];
  const child = spawn(process.execPath, args, { stdio: [...ERRORS_ONLY] });
  const port = await awaitOutput(child, (text) => /"port":(\d+)/.exec(text)?.[1]);
  return new ServerProcess(child, Number(port));
}

/** The same with its topics on NATS, which syncs as its configuration says. */
export async function startNetlogOn(nats: NatsCluster, profileFolder?: string): Promise<ServerProcess> {
  const profile = profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
  const port = await freePort();
  const engine = ["--engine", nats.url, "--engine-copies", String(nats.servers.length), "--engine-unsafe"];
  const args = [...profile, SHIM, "serve", "--listen", `127.0.0.1:${port}`, ...engine];
  const child = spawn(process.execPath, args, { stdio: [...ERRORS_ONLY] });
  await awaitOutput(child, (text) => /"port":(\d+)/.exec(text)?.[1]);
  return new ServerProcess(child, port);
}

/** The same with gRPC, which has a port of its own. */
export async function startNetlogWithGrpc(
  folder: string,
): Promise<{ server: ServerProcess; grpcPort: number }> {
  const addresses = ["-listen", "127.0.0.1:0", "--grpc-listen", "127.0.0.1:0"];
  const child = spawn(process.execPath, [SHIM, "serve", ...addresses, "-dir", folder], {
    stdio: [...ERRORS_ONLY],
  });
  const ports = await awaitOutput(child, (text) => /"port":(\d+).*"grpcPort":(\d+)/s.exec(text) ?? undefined);
  return { server: new ServerProcess(child, Number(ports[1])), grpcPort: Number(ports[2]) };
}

/** The library of gRPC with nothing behind it. */
export async function startBareGrpc(): Promise<ServerProcess> {
  const child = fork(new URL("./bare-grpc.js", import.meta.url));
  const [port] = (await once(child, "message")) as [number];
  return new ServerProcess(child, port);
}

/** The program that `$NETLOG_GO` names. */
export async function startGo(folder: string): Promise<ServerProcess | undefined> {
  const program = process.env.NETLOG_GO;
  if (program === undefined || program === "") return undefined;
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const child = spawn(program, ["-listen", `127.0.0.1:${port}`, "-dir", folder], { stdio: "ignore" });
  await awaitReady(() => fetch(`http://127.0.0.1:${port}/`));
  return new ServerProcess(child, port);
}

/** The reference server of Durable Streams, of the module that `$DURABLE_STREAMS_SERVER` names. */
export async function startReference(folder: string): Promise<ServerProcess | undefined> {
  const module = process.env.DURABLE_STREAMS_SERVER;
  if (module === undefined || module === "") return undefined;
  mkdirSync(folder, { recursive: true });
  const child = fork(new URL("./reference-server.js", import.meta.url), [module, folder], { silent: true });
  const [port] = (await once(child, "message")) as [number];
  return new ServerProcess(child, port);
}

export function hasRedis(): boolean {
  return spawnSync("redis-server", ["--version"]).status === 0;
}

/** Keeps its append-only file in `folder`, and never rewrites it. */
export async function startRedis(folder: string, policy: RedisPolicy): Promise<ServerProcess | undefined> {
  if (!hasRedis()) return undefined;
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const settings = `--port ${port} --bind 127.0.0.1 --dir ${folder} --save  --appendonly yes --appendfsync ${policy}`;
  const args = [...settings.split(" "), "--auto-aof-rewrite-percentage", "0"];
  const child = spawn("redis-server", args, { stdio: "ignore" });
  await awaitReady(async () => {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.destroy();
  });
  return new ServerProcess(child, port);
}
