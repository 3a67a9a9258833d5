/**
 * The files of pages as the build left them. Each is read when a browser first asks for it, and kept from then on: who
 * opens no page pays nothing for it. Knows no HTTP but the names of codings.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** How a file may be packed, the smallest first, and the ending of the file's name in that form. */
const CODINGS: ReadonlyMap<string, string> = new Map([
  ["br", ".br"],
  ["gzip", ".gz"],
]);

interface PackedFile {
  readonly bytes: Buffer;
  /** What `Content-Encoding` says of it; `undefined`: nothing. */
  readonly coding: string | undefined;
}

export class PageFiles {
  readonly #folder: string;
  #names: Promise<ReadonlySet<string>> | undefined;
  /** By name; those of the folder alone, so that no request makes it grow. */
  readonly #contents = new Map<string, Promise<Buffer | undefined>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** As it is; `undefined` where there is no such file. */
  async read(name: string): Promise<Buffer | undefined> {
    return (await this.#listed()).has(name) ? await this.#content(name) : undefined;
  }

  /** In the best form that `acceptEncoding` allows. */
  async readPacked(name: string, acceptEncoding: string | undefined): Promise<PackedFile | undefined> {
    for (const [coding, ending] of CODINGS) {
      const bytes = isAccepted(coding, acceptEncoding) ? await this.read(name + ending) : undefined;
      if (bytes !== undefined) return { bytes, coding };
    }
    const bytes = await this.read(name);
    return bytes && { bytes, coding: undefined };
  }

  #listed(): Promise<ReadonlySet<string>> {
    this.#names ??= readdir(this.#folder).then(
      (names) => new Set(names),
      // The program was compiled without its pages; a later request looks again.
      () => {
        this.#names = undefined;
        return new Set();
      },
    );
    return this.#names;
  }

  #content(name: string): Promise<Buffer | undefined> {
    const known = this.#contents.get(name);
    if (known !== undefined) return known;
    const content = readFile(join(this.#folder, name)).catch((error: NodeJS.ErrnoException) => {
      this.#contents.delete(name);
      if (error.code !== "ENOENT") throw error;
      // A build beneath the running server took the file away, and has made others.
      this.#names = undefined;
      this.#contents.clear();
      return undefined;
    });
    this.#contents.set(name, content);
    return content;
  }
}

/** RFC 9110, 12.5.3. A coding that is named goes by its own weight, any other by that of `*`. */
function isAccepted(coding: string, acceptEncoding = ""): boolean {
  let isAny = false;
  for (const each of acceptEncoding.toLowerCase().split(",")) {
    const [name = "", ...parameters] = each.split(";").map((part) => part.trim());
    const isWanted = !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    if (name === coding) return isWanted;
    if (name === "*") isAny = isWanted;
  }
  return isAny;
}
