/** What stands behind `#` in the URL: where one is, and how to go elsewhere. */
import { useEffect, useState } from "hono/jsx/dom";

/** `replace`: without a new entry in the browser's history, for what is being typed. */
export type Go = (hash: string, how?: "replace") => void;

export function useHash(): readonly [string, Go] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const look = (): void => setHash(location.hash);
    window.addEventListener("hashchange", look);
    window.addEventListener("popstate", look);
    return () => {
      window.removeEventListener("hashchange", look);
      window.removeEventListener("popstate", look);
    };
  }, []);
  const go: Go = (to, how) => {
    if (how === "replace") history.replaceState(null, "", to);
    else history.pushState(null, "", to);
    setHash(to);
  };
  return [hash, go];
}
