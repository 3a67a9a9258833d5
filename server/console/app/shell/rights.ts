/** What the token may do to a topic, so that the page offers nothing else. */
import { useEffect, useState } from "hono/jsx/dom";
import { useChanges } from "./listeners.ts";
import type { ServerLink } from "./server-link.ts";

export interface Rights {
  readonly mayWrite: boolean;
  readonly mayAdmin: boolean;
}

const ALL: Rights = { mayWrite: true, mayAdmin: true };
const NONE: Rights = { mayWrite: false, mayAdmin: false };

/** `may` as an answer of the server has it; absent where the server uses no tokens. */
export function rightsIn(may: readonly string[] | undefined): Rights {
  return may === undefined ? ALL : { mayWrite: may.includes("write"), mayAdmin: may.includes("admin") };
}

async function rightsOn(link: ServerLink, name: string): Promise<Rights> {
  if (!link.hasToken) return ALL;
  // The name itself is the first among all names that begin so.
  const { topics } = await link.once.topicPage({ prefix: name, limit: 1 });
  const [topic] = topics;
  return topic?.name === name ? rightsIn(topic.may) : NONE;
}

/** None until they are known. */
export function useRights(link: ServerLink, topic: string): Rights {
  useChanges(link);
  const [rights, setRights] = useState<Rights>(link.hasToken ? NONE : ALL);
  useEffect(() => {
    let isCurrent = true;
    // Where they cannot be known now, they are asked for again when the server is back.
    rightsOn(link, topic).then(
      (found) => {
        if (isCurrent) setRights(found);
      },
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [link, topic, link.returns]);
  return rights;
}
