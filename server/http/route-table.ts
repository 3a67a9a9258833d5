/**
 * Finds what a path names: the parts of the path are looked up one after the other, and no text is made of them. A word
 * wins over a name such as `:topic`, which stands for any part.
 */
import type { Action } from "./door.ts";
import type { Resource } from "./resource.ts";

/** One method of one path. */
export interface Route extends Action {
  readonly method: string;
  /** `/:topic/scan`. */
  readonly path: string;
  /** A GET that changes nothing, and so is there as HEAD as well. */
  readonly head?: true | undefined;
}

/** All paths that begin alike. */
interface Branch {
  resource?: Resource<Action>;
  readonly words: Map<string, Branch>;
  /** Behind a name. */
  any?: Branch;
}

const METHOD_ORDER = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

export class RouteTable {
  readonly resources: readonly Resource<Action>[];
  readonly #root: Branch = { words: new Map() };

  constructor(routes: readonly Route[]) {
    const paths = [...new Set(routes.map(({ path }) => path))];
    this.resources = paths.map((path) => toResource(path, routes));
    for (const resource of this.resources) this.#add(resource);
  }

  /** `parts` are those of the path, decoded. */
  find(parts: readonly string[]): Resource<Action> | undefined {
    let branch: Branch | undefined = this.#root;
    for (const part of parts) {
      branch = branch.words.get(part) ?? branch.any;
      if (branch === undefined) return undefined;
    }
    return branch.resource;
  }

  #add(resource: Resource<Action>): void {
    let branch = this.#root;
    for (const part of resource.path.slice(1).split("/")) {
      const next: Branch = (part.startsWith(":") ? branch.any : branch.words.get(part)) ?? {
        words: new Map(),
      };
      if (part.startsWith(":")) branch.any = next;
      else branch.words.set(part, next);
      branch = next;
    }
    branch.resource = resource;
  }
}

/** What `Allow` says of all these. */
export function allowOf(resources: readonly Resource[]): string {
  return toAllow(new Set(resources.flatMap(({ actions }) => [...actions.keys()])));
}

function toResource(path: string, routes: readonly Route[]): Resource<Action> {
  const actions = new Map<string, Action>();
  for (const route of routes) {
    if (route.path !== path) continue;
    actions.set(route.method, route);
    if (route.head === true) actions.set("HEAD", route);
  }
  return { path, actions, allow: toAllow(new Set(actions.keys())) };
}

function toAllow(methods: ReadonlySet<string>): string {
  return [...METHOD_ORDER.filter((method) => methods.has(method)), "OPTIONS"].join(", ");
}
