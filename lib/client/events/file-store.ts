/**
 * A subscriber's place in a file, `netlog/client/events/file-store`: the one part of the client that needs Node's
 * files, and so an entry of its own.
 */
import { open, readFile, rename } from "node:fs/promises";
import type { CursorStore } from "./cursor-store.ts";

/**
 * In a file of JSON, `{"next":7}`, which is there whole or not at all: written beside it, synced, and renamed. One
 * subscriber a file.
 *
 * @example
 * import { FileCursor } from "netlog/client/events/file-store";
 *
 * const store = new FileCursor(`${folder}/billing.json`);
 * console.log(await store.load()); // undefined
 * await store.save(7);
 * console.log(await new FileCursor(`${folder}/billing.json`).load()); // 7
 */
export class FileCursor implements CursorStore {
  readonly #path: string;

  /** @throws TypeError for an empty path. */
  constructor(path: string) {
    if (path === "") throw new TypeError("the path of a cursor's file is empty");
    this.#path = path;
  }

  /**
   * @throws Node's error when the file cannot be read; an Error when it holds something else: it is not taken for none,
   *   for then everything would be handled again.
   *
   * @example
   * console.log(await new FileCursor(`${folder}/none.json`).load()); // undefined
   */
  async load(): Promise<number | undefined> {
    let text: string;
    try {
      text = await readFile(this.#path, "utf8");
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return undefined;
      throw error;
    }
    const next = parseNext(text);
    if (next === undefined) throw new Error(`${this.#path} holds no cursor, such as {"next":7}`);
    return next;
  }

  /**
   * Resolves when it is on the disk.
   *
   * @throws Node's error; the file is then as it was.
   *
   * @example
   * const store = new FileCursor(`${folder}/billing.json`);
   * await store.save(7);
   * console.log(await store.load()); // 7
   */
  async save(next: number): Promise<void> {
    const temporary = `${this.#path}.new`;
    const file = await open(temporary, "w");
    try {
      await file.writeFile(`${JSON.stringify({ next })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#path);
    await syncFolder(this.#path);
  }
}

function parseNext(text: string): number | undefined {
  try {
    const { next } = Object(JSON.parse(text)) as { next?: unknown };
    return Number.isSafeInteger(next) && Number(next) >= 0 ? Number(next) : undefined;
  } catch {
    return undefined;
  }
}

/** So that the new name survives loss of power. Windows opens no folders, and needs no such thing. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path.replace(/[^/\\]*$/, "") || ".", "r").catch(() => undefined);
  if (folder === undefined) return;
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
