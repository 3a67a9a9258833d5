/** Debian's nginx with the project's example configuration, in front of a server of a test. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { within } from "./deadline.ts";
import { endWithTest } from "./process-group.ts";
import { projectText } from "./project-files.ts";

export const NGINX_CONFIG = "cmd/examples/nginx.conf";

const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] as const;
/** How the child knows the socket that it inherits. */
const SOCKET_FD = 3;

export function isNginxInstalled(): boolean {
  return spawnSync("nginx", ["-v"]).status === 0;
}

/** The example, changed as it says itself to serve under the path that it names. */
export function underPath(config: string): string {
  const [comment = "", ...others] = config.match(/(?:^ +# {3}.*\n)+(?= *location \/ \{\n.*\n)/gm) ?? [];
  if (comment === "" || others.length > 0)
    throw new Error("the example names no one way to serve under a path");
  return config.replace(/^ *location \/ \{\n.*\n/m, comment.replaceAll(/^( +)# {3}/gm, "$1"));
}

/**
 * Starts nginx in `folder`, where `cert.pem` and `key.pem` lie, in front of `port`; gives its own port. Ends with the
 * running test.
 */
export async function startNginx(
  folder: string,
  port: number,
  config: string = projectText(NGINX_CONFIG),
): Promise<number> {
  const socket = createServer().listen(0, "127.0.0.1");
  await once(socket, "listening");
  const own = (socket.address() as { port: number }).port;
  const site = config
    .replace("listen 443 ", `listen 127.0.0.1:${own} `)
    .replace("127.0.0.1:7200", `127.0.0.1:${port}`)
    .replace("/etc/nginx/queue.example.crt", join(folder, "cert.pem"))
    .replace("/etc/nginx/queue.example.key", join(folder, "key.pem"));
  writeFileSync(join(folder, "site.conf"), site);
  writeFileSync(join(folder, "nginx.conf"), mainConfig(folder));
  mkdirSync(join(folder, "logs"));
  const child = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"], {
    // As when nginx replaces its own program: it takes the socket as it is, so that no port is lost in between.
    env: { PATH: process.env.PATH, NGINX: `${SOCKET_FD};` },
    stdio: ["ignore", "ignore", "pipe", descriptorOf(socket)],
    detached: true,
  });
  endWithTest(child);
  socket.close();
  let said = "";
  await within(
    "nginx's worker",
    new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`nginx ended: ${said}`)));
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (said.includes("start worker process ")) resolve();
      });
    }),
  );
  return own;
}

function mainConfig(folder: string): string {
  const paths = TEMPORARY.map((name) => `  ${name}_temp_path ${join(folder, name)};`);
  // Workers of a master that is root belong to another user, who has no access to the folder.
  const user = process.getuid?.() === 0 ? "user root;" : "";
  return [
    user,
    "daemon off;",
    "worker_processes 1;",
    `pid ${join(folder, "nginx.pid")};`,
    "error_log stderr notice;",
    "events {}",
    "http {",
    "  access_log off;",
    ...paths,
    `  include ${join(folder, "site.conf")};`,
    "}",
  ].join("\n");
}

/** Node tells no other way. */
function descriptorOf(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}
