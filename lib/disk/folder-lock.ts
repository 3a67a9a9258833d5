/**
 * The lock of a data folder: the name `.lock` in it belongs to a unix socket that its owner listens on. It holds
 * for as long as the owner lives, needs no process ids, and so works between containers too, where every server
 * is process 1. It does not reach other machines that share the folder.
 *
 * A socket gets its name by a hard link when it listens already, so a name that refuses connections is dead for
 * good. A dead one is replaced only by the holder of a claim, which is the same kind of lock under a longer name;
 * so of several servers that find the same dead socket one takes it, and none takes away what that one took.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import type { DiskLock } from "./disk.ts";
import { diskError, hasCode } from "./disk-error.ts";

const LOCK_NAME = ".lock";
/** Begins the name that a socket has before it is published. */
const OWN_PREFIX = ".lock.";
const OWN_ID_BYTES = 6;
/** Added to a name: the right to replace a dead socket of that name. */
const CLAIM_SUFFIX = "~";
/** How often a name may be found taken, and free again a moment later. */
const MAX_ATTEMPTS = 100;
/** What `sockaddr_un` holds, less the zero at its end. */
const MAX_SOCKET_PATH_BYTES = process.platform === "linux" ? 107 : 103;
/** The longest name asked for, with room for some claims on claims. */
const MAX_NAME_BYTES = 24;

/**
 * Takes `folder` for this process. The lock does not keep the process alive.
 *
 * @throws EBUSY while a living process holds it; EEXIST when there is a `.lock` that is no socket; ENAMETOOLONG
 *   where the system has no way to name a socket so deep; and what the system says to a folder that is missing,
 *   not writable, or on a file system without sockets or hard links.
 */
export async function lockFolder(folder: string): Promise<DiskLock> {
  const sockets = new SocketFolder(folder);
  try {
    return await takeLock(sockets);
  } finally {
    sockets.close();
  }
}

async function takeLock(sockets: SocketFolder): Promise<DiskLock> {
  const own = OWN_PREFIX + randomBytes(OWN_ID_BYTES).toString("hex");
  const server = await sockets.listen(own);
  try {
    const socket = fs.lstatSync(sockets.path(own), { throwIfNoEntry: false });
    if (socket === undefined) throw sockets.busy();
    await publish(sockets, own, LOCK_NAME);
    removeUnpublished(sockets);
    return { release: () => release(server, sockets.path(LOCK_NAME), socket) };
  } catch (error) {
    server.close();
    throw error;
  } finally {
    fs.rmSync(sockets.path(own), { force: true });
  }
}

/** Gives the listening socket `own` the name `name`. @throws EBUSY when a living one has it. */
async function publish(sockets: SocketFolder, own: string, name: string): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    if (sockets.link(own, name)) return;
    const holder = await sockets.probe(name);
    if (holder === "alive") throw sockets.busy();
    if (holder === "absent") continue;
    const claim = name + CLAIM_SUFFIX;
    await publish(sockets, own, claim);
    // Nobody else replaces the name while the claim is held, so what is dead now is what the rename replaces.
    if ((await sockets.probe(name)) === "dead") {
      fs.renameSync(sockets.path(claim), sockets.path(name));
      return;
    }
    fs.unlinkSync(sockets.path(claim));
  }
  throw sockets.busy();
}

/**
 * Clears away what servers left that died before they published their socket. One that is alive, and just about
 * to, misses its own name then, which tells it that the folder is taken.
 */
function removeUnpublished(sockets: SocketFolder): void {
  for (const name of fs.readdirSync(sockets.folder)) {
    if (name.startsWith(OWN_PREFIX)) fs.rmSync(sockets.path(name), { force: true });
  }
}

/** The name goes first: once the socket is closed, the name may be another server's. */
async function release(server: net.Server, path: string, socket: fs.Stats): Promise<void> {
  if (!server.listening) return;
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  if (found?.dev === socket.dev && found.ino === socket.ino) fs.unlinkSync(path);
  const closed = once(server, "close");
  server.close();
  await closed;
}

/** Unix sockets by their names in one folder, however long its path is. */
class SocketFolder {
  readonly folder: string;
  readonly #descriptor: number;
  readonly #addressFolder: string;

  constructor(folder: string) {
    this.folder = folder;
    this.#descriptor = fs.openSync(folder, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    this.#addressFolder = folder;
    if (Buffer.byteLength(folder) + 1 + MAX_NAME_BYTES <= MAX_SOCKET_PATH_BYTES) return;
    this.#addressFolder = `/proc/self/fd/${this.#descriptor}`;
    if (process.platform !== "linux") {
      this.close();
      throw diskError("ENAMETOOLONG", "lock", folder, "the path is too long for a unix socket in it");
    }
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }

  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  busy(): NodeJS.ErrnoException {
    return diskError("EBUSY", "lock", this.folder, "another server uses this folder");
  }

  async listen(name: string): Promise<net.Server> {
    const server = net.createServer((socket) => socket.destroy());
    server.unref();
    const listening = once(server, "listening");
    server.listen({ path: this.#address(name), exclusive: true });
    await listening;
    // That it listens is the lock; a connection that cannot be accepted changes nothing.
    server.on("error", () => {});
    return server;
  }

  /** False when there is something of that name already. */
  link(own: string, name: string): boolean {
    try {
      fs.linkSync(this.path(own), this.path(name));
      return true;
    } catch (error) {
      if (hasCode(error, "EEXIST")) return false;
      // See removeUnpublished.
      if (hasCode(error, "ENOENT")) throw this.busy();
      throw error;
    }
  }

  /** Whether a living process listens under this name. */
  async probe(name: string): Promise<"alive" | "dead" | "absent"> {
    const stats = fs.lstatSync(this.path(name), { throwIfNoEntry: false });
    if (stats === undefined) return "absent";
    if (!stats.isSocket()) {
      throw diskError("EEXIST", "lock", this.path(name), "there is something else of the lock's name");
    }
    const socket = net.connect(this.#address(name));
    try {
      await once(socket, "connect");
      return "alive";
    } catch (error) {
      if (hasCode(error, "ECONNREFUSED")) return "dead";
      if (hasCode(error, "ENOENT")) return "absent";
      // The owner's queue of connections is full.
      if (hasCode(error, "EAGAIN")) return "alive";
      throw error;
    } finally {
      socket.destroy();
    }
  }

  #address(name: string): string {
    return `${this.#addressFolder}/${name}`;
  }
}
