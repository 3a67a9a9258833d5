/** The server's own description of its API, asked for once: settings and their bounds come from it. */
import { useEffect, useState } from "hono/jsx/dom";
import { type SettingSpec, scannerSpecs, settingSpecs } from "../parts/setting-specs.ts";
import { useChanges } from "./listeners.ts";
import type { ServerLink } from "./server-link.ts";

export interface ServerDescription {
  /** What topics are made with. */
  readonly settings: readonly SettingSpec[];
  /** What scanners are made with. */
  readonly scanner: readonly SettingSpec[];
}

const asked = new WeakMap<ServerLink, Promise<ServerDescription>>();

/** `undefined` until it is known. */
export function useServerDescription(link: ServerLink): ServerDescription | undefined {
  useChanges(link);
  const [description, setDescription] = useState<ServerDescription | undefined>(undefined);
  useEffect(() => {
    // While the server is gone, the shell says so; when it is back, it is asked again.
    descriptionOf(link).then(setDescription, () => {});
  }, [link, link.returns]);
  return description;
}

function descriptionOf(link: ServerLink): Promise<ServerDescription> {
  const known = asked.get(link);
  if (known !== undefined) return known;
  const asking = link.get("/-/openapi.json").then((text) => {
    const answer: unknown = JSON.parse(text);
    return { settings: settingSpecs(answer), scanner: scannerSpecs(answer) };
  });
  asked.set(link, asking);
  asking.catch(() => asked.delete(link));
  return asking;
}
