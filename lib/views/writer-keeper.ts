/** The writer of a view on its way from a session to a rebuild: no other process gets it in between. */
import type { Database, Writer } from "./database/database.ts";
import { ViewStopped } from "./view-stopped.ts";

export class WriterKeeper {
  readonly #database: Database;
  readonly #viewName: string;
  /** What a session gives back is kept. */
  #isKeeping = false;
  #kept: Writer | undefined;

  constructor(database: Database, viewName: string) {
    this.#database = database;
    this.#viewName = viewName;
  }

  /** Keeps a writer for `take`. @throws ViewStopped: another process has it; DatabaseError. */
  async keepOne(): Promise<void> {
    const writer = await this.#open();
    this.#kept = writer;
    void writer.lost.then(() => {
      if (this.#kept === writer) this.#kept = undefined;
    });
  }

  /** A session that has ended needs the writer no more. */
  async giveBack(writer: Writer): Promise<void> {
    if (this.#isKeeping) this.#kept = writer;
    else await writer.close();
  }

  /** The writer of the session that `end` ends, or the one that is kept, or another one. @throws as keepOne does. */
  async take(end: () => Promise<void>): Promise<Writer> {
    this.#isKeeping = true;
    try {
      await end();
    } finally {
      this.#isKeeping = false;
    }
    const kept = this.#kept;
    this.#kept = undefined;
    return kept ?? (await this.#open());
  }

  /** Closes what nobody took. */
  async close(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    await kept?.close();
  }

  async #open(): Promise<Writer> {
    const name = this.#viewName;
    const writer = await this.#database.openWriter(name);
    if (writer !== undefined) return writer;
    const advice = "stop that one first, or name the port of its log, or its own, with --log";
    throw new ViewStopped(`another process runs the view ${name}; ${advice}`);
  }
}
