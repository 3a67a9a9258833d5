/** A button that copies a text, and says that it did. */
import { type Child, useEffect, useState } from "hono/jsx/dom";

/** How long the outcome is shown. */
const SHOWN_MS = 2000;

export interface CopyButtonProps {
  readonly text: () => string;
  readonly children: Child;
}

export function CopyButton({ text, children }: CopyButtonProps): Child {
  const [outcome, setOutcome] = useState<"" | "Copied" | "The browser did not allow it">("");
  useEffect(() => {
    if (outcome === "") return undefined;
    const timer = setTimeout(() => setOutcome(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const onClick = async (): Promise<void> => {
    setOutcome((await copy(text())) ? "Copied" : "The browser did not allow it");
  };
  return (
    <button type="button" class="quiet" onClick={() => void onClick()}>
      {outcome === "" ? children : <span role="status">{outcome}</span>}
    </button>
  );
}

/** A page that was not reached over TLS or on localhost has no clipboard but the one of the selection. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelection(text);
  }
}

function copySelection(text: string): boolean {
  const area = document.createElement("textarea");
  const before = document.activeElement;
  area.value = text;
  area.className = "off-screen";
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return isCopied;
}
