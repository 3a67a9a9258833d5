/**
 * The frame around every page of an app: the way past its links, whether the server is there, the token, the keys. It knows
 * no page and no links of its own.
 */
import { type Child, ErrorBoundary, useEffect, useMemo, useState } from "hono/jsx/dom";
import { Dialog, PutAside } from "../parts/dialog.tsx";
import { Notice } from "../parts/notice.tsx";
import { isForPage, moveRow } from "./key-events.ts";
import { KeyHelp } from "./key-help.tsx";
import { KeySequences } from "./keys.ts";
import { useChanges } from "./listeners.ts";
import { currentPageKeys, type PageKeys, pressesOf, useFrameKeys } from "./page.ts";
import type { PageLink } from "./page-link.ts";
import { TokenForm } from "./token-form.tsx";

export interface FrameProps {
  readonly link: PageLink;
  /** The URL of what is shown. */
  readonly here: string;
  /** Names the page to its styles. */
  readonly name: string;
  /** Keys that lead to other pages. */
  readonly keys: PageKeys;
  /** The links at the top; `end` belongs at the end of them. */
  readonly links: (end: Child) => Child;
  readonly children: Child;
}

export function Frame({ link, here, name, keys, links, children }: FrameProps): Child {
  const [asked, setAsked] = useState<"keys" | "token" | undefined>(undefined);
  useChanges(link);
  useFrameKeys({ ...keys, ...ownKeys(() => setAsked("keys")) }, [here]);
  useKeyPresses();
  const close = (): void => setAsked(undefined);
  return (
    <div class="shell">
      <header>
        <a class="skip" href={here} onClick={focusMain}>
          Skip to the page
        </a>
        {links(<BarEnd link={link} onAsk={setAsked} />)}
      </header>
      <main id="main" tabIndex={-1} class={`page-${name}`}>
        {link.needsToken ? (
          <>
            <h1 class="hearing">Token</h1>
            <TokenForm link={link} onDone={close} />
          </>
        ) : null}
        {/* The page stays behind the question for a token, so that nothing on it is lost. */}
        <div class="page" hidden={link.needsToken}>
          <PutAside.Provider value={link.needsToken}>
            <ErrorBoundary fallbackRender={(error: Error) => <Broken error={error} />}>
              {children}
            </ErrorBoundary>
          </PutAside.Provider>
        </div>
      </main>
      {asked === "keys" ? <KeyHelp keys={currentPageKeys()} onClose={close} /> : null}
      {asked === "token" && !link.needsToken ? (
        <Dialog title="Token" onClose={close}>
          <TokenForm link={link} onDone={close} />
        </Dialog>
      ) : null}
    </div>
  );
}

interface BarEndProps {
  readonly link: PageLink;
  readonly onAsk: (what: "keys" | "token") => void;
}

function BarEnd({ link, onAsk }: BarEndProps): Child {
  return (
    <span class="bar-end">
      <span role="status" class={link.isGone ? "gone" : undefined}>
        {link.isGone ? "server gone, trying again" : ""}
      </span>
      {link.hasToken && !link.needsToken ? (
        <button type="button" class="quiet" onClick={() => onAsk("token")}>
          Token
        </button>
      ) : null}
      <button type="button" class="quiet" aria-label="Keys" title="Keys (?)" onClick={() => onAsk("keys")}>
        ?
      </button>
    </span>
  );
}

/** A page that cannot be drawn takes no other one with it. */
function Broken({ error }: { readonly error: Error }): Child {
  return (
    <Notice text={`This page failed: ${error.message}.`}>
      <button type="button" onClick={() => location.reload()}>
        Load it again
      </button>
    </Notice>
  );
}

function focusMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** What can be pressed on every page. */
function ownKeys(onHelp: () => void): PageKeys {
  return {
    "/": {
      text: "filter",
      press: () => document.querySelector<HTMLElement>("main input[type=search]")?.focus(),
    },
    j: { text: "next row", press: () => moveRow(1) },
    k: { text: "previous row", press: () => moveRow(-1) },
    "?": { text: "these keys", press: onHelp },
  };
}

function useKeyPresses(): void {
  const sequences = useMemo(() => new KeySequences(), []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && event.target instanceof HTMLInputElement) event.target.blur();
      if (!isForPage(event)) return;
      const press = sequences.press(event.key, event.timeStamp, pressesOf(currentPageKeys()));
      if (press === undefined) return;
      event.preventDefault();
      press();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [sequences]);
}
