/**
 * What the token may do to a topic, so that the page offers nothing else. The server has no route that says it; it refuses
 * a right before it looks at parameters. So the page asks for what cannot be: 403 means no, and any other refusal yes.
 */
import { useEffect, useState } from "hono/jsx/dom";
import { isNetlogClientError } from "../../../../lib/client/index.ts";
import { useChanges } from "./listeners.ts";
import type { ServerLink } from "./server-link.ts";

export interface Rights {
  readonly mayWrite: boolean;
  readonly mayAdmin: boolean;
}

const ALL: Rights = { mayWrite: true, mayAdmin: true };
const NONE: Rights = { mayWrite: false, mayAdmin: false };

/** A place in a topic that is none. */
const NO_PLACE = "?from=!";

export async function rightsOn(link: ServerLink, topic: string): Promise<Rights> {
  if (!link.hasToken) return ALL;
  const name = encodeURIComponent(topic);
  const [mayWrite, mayAdmin] = await Promise.all(
    ["sync", "check"].map((route) => isAllowed(link, `/${name}/${route}${NO_PLACE}`)),
  );
  return { mayWrite: mayWrite === true, mayAdmin: mayAdmin === true };
}

async function isAllowed(link: ServerLink, path: string): Promise<boolean> {
  try {
    await link.get(path);
    return true;
  } catch (error) {
    return isNetlogClientError(error) && (error.status === 400 || error.status === 404);
  }
}

/** None until they are known. */
export function useRights(link: ServerLink, topic: string): Rights {
  useChanges(link);
  const [rights, setRights] = useState<Rights>(link.hasToken ? NONE : ALL);
  useEffect(() => {
    let isCurrent = true;
    void rightsOn(link, topic).then((found) => {
      if (isCurrent) setRights(found);
    });
    return () => {
      isCurrent = false;
    };
  }, [link, topic, link.returns]);
  return rights;
}
