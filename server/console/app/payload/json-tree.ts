/**
 * JSON as a tree that is folded and unfolded. It keeps the text and finds the parts of a value when that is opened, so
 * 16 MiB cost what is looked at, and numbers, escapes and repeated names stand there as they were published.
 */
import { childrenFrom, type JsonPart, wholeOf } from "./json-parts.ts";

export interface JsonRow {
  /** Names the value or the place of `more`; stays the same while the tree lives. */
  readonly id: number;
  readonly depth: number;
  readonly kind: "value" | "open" | "folded" | "close" | "more";
  /** With its quotes, as published; `undefined` for elements and for the whole. */
  readonly name: string | undefined;
  /** The scalar, the bracket, or the beginning of what is folded. */
  readonly text: string;
  readonly type: JsonPart["type"];
  /** How many characters are not shown: of a long scalar, or within what is folded. */
  readonly hidden: number;
  readonly hasComma: boolean;
}

/** So many parts of a value are shown at first, and more with each `showMore`. */
export const CHILDREN_AT_ONCE = 1000;
/** A longer scalar is cut; the text view has the rest. */
export const LONGEST_SCALAR = 1000;
/** So much of what is folded is shown. */
const LONGEST_OUTLINE = 80;
/** A tree is opened so far at first. Each level costs a look through all that is in it. */
const AT_FIRST = { rows: 100, levels: 5 };
/** `openAll` stops here. */
const AT_MOST = { rows: 20_000, levels: 20 };

interface Node extends JsonPart {
  isOpen: boolean;
  children: Node[];
  /** Where the search for further children goes on; `undefined`: all were found. */
  rest: number | undefined;
}

export class JsonTree {
  readonly #text: string;
  readonly #root: Node;
  readonly #nodes = new Map<number, Node>();
  #rows: JsonRow[] | undefined;

  /** `text` is valid JSON. */
  constructor(text: string) {
    this.#text = text;
    this.#root = this.#node(wholeOf(text));
    this.#openUpTo(AT_FIRST);
  }

  get rows(): readonly JsonRow[] {
    this.#rows ??= [...this.#rowsOf(this.#root, 0, false)];
    return this.#rows;
  }

  /** Folds what is open, and opens what is folded; a scalar stays as it is. */
  toggle(id: number): void {
    const node = this.#nodes.get(id);
    if (node === undefined || !isContainer(node)) return;
    if (node.isOpen) node.isOpen = false;
    else this.#open(node);
    this.#rows = undefined;
  }

  /** Shows as many further parts of this value. */
  showMore(id: number): void {
    const node = this.#nodes.get(id);
    if (node !== undefined) this.#findChildren(node);
    this.#rows = undefined;
  }

  /** Opens everything, level by level, until there are very many rows. */
  openAll(): void {
    this.#openUpTo(AT_MOST);
    this.#rows = undefined;
  }

  /** Folds everything but the whole. */
  foldAll(): void {
    for (const node of this.#nodes.values()) node.isOpen = node === this.#root;
    this.#rows = undefined;
  }

  /** Level by level, so that the outline is seen first. */
  #openUpTo(most: typeof AT_FIRST): void {
    let rows = 0;
    let level = [this.#root];
    for (let depth = 0; depth < most.levels && level.length > 0; depth++) {
      const below: Node[] = [];
      for (const node of level.filter(isContainer)) {
        if (rows >= most.rows) return;
        this.#open(node);
        rows += node.children.length + 1;
        below.push(...node.children);
      }
      level = below;
    }
  }

  #open(node: Node): void {
    node.isOpen = true;
    if (node.children.length === 0) this.#findChildren(node);
  }

  #findChildren(node: Node): void {
    if (node.rest === undefined) return;
    const { parts, rest } = childrenFrom(this.#text, node.rest, CHILDREN_AT_ONCE);
    for (const part of parts) node.children.push(this.#node(part));
    node.rest = rest;
  }

  #cut(start: number, end: number): string {
    return this.#text.slice(start, Math.min(end, start + LONGEST_SCALAR));
  }

  #node(part: JsonPart): Node {
    const hasParts = isContainer(part) && part.end - part.start > 2;
    const node: Node = { ...part, isOpen: false, children: [], rest: hasParts ? part.start + 1 : undefined };
    this.#nodes.set(node.start, node);
    return node;
  }

  *#rowsOf(node: Node, depth: number, hasComma: boolean): Generator<JsonRow> {
    const { start: id, type, end } = node;
    const name = node.name === undefined ? undefined : this.#cut(...node.name);
    const base = { id, depth, type, hidden: 0 };
    const [open, close] = type === "object" ? ["{", "}"] : ["[", "]"];
    if (!isContainer(node)) {
      const hidden = Math.max(0, end - id - LONGEST_SCALAR);
      yield { ...base, kind: "value", name, text: this.#cut(id, end), hidden, hasComma };
    } else if (node.rest === undefined && node.children.length === 0) {
      yield { ...base, kind: "value", name, text: open + close, hasComma };
    } else if (!node.isOpen) {
      const inside = this.#text.slice(id + 1, Math.min(end - 1, id + 1 + LONGEST_OUTLINE));
      const rest = end - id > LONGEST_OUTLINE + 2 ? " …" : "";
      const text = `${open}${inside.trim().replace(/\s+/g, " ")}${rest}${close}`;
      yield { ...base, kind: "folded", name, text, hidden: end - id - 2, hasComma };
    } else {
      yield { ...base, kind: "open", name, text: open, hasComma: false };
      for (const [place, child] of node.children.entries()) {
        const isLast = place + 1 === node.children.length && node.rest === undefined;
        yield* this.#rowsOf(child, depth + 1, !isLast);
      }
      if (node.rest !== undefined) {
        const hidden = end - node.rest - 1;
        yield { ...base, depth: depth + 1, kind: "more", name: undefined, text: "", hidden, hasComma: false };
      }
      yield { ...base, kind: "close", name: undefined, text: close, hasComma };
    }
  }
}

function isContainer({ type }: JsonPart): boolean {
  return type === "object" || type === "array";
}
