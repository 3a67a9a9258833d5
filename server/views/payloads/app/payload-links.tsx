/** Ways from a payload to other places: what its services logged, and its archive for those who may have it. */
import { type Child, useEffect, useState } from "hono/jsx/dom";
import { Notice } from "../../../console/app/parts/notice.tsx";
import { sentenceOf } from "../../../console/app/shell/failure.ts";
import type { TrackerLink } from "./tracker-link.ts";

export interface PayloadLinksProps {
  readonly link: TrackerLink;
  readonly requestId: string;
}

export function PayloadLinks({ link, requestId }: PayloadLinksProps): Child {
  const kibana = useAnswer((signal) => link.kibanaUrl(requestId, signal), [link, requestId, link.returns]);
  const mayDownload = useAnswer(
    async (signal) => {
      await link.checkArchiveRole(signal);
      return true;
    },
    [link, link.returns],
  );
  return (
    <>
      {kibana === undefined ? null : <Away href={kibana}>View In Kibana</Away>}
      {mayDownload === true ? <Archive key={requestId} link={link} requestId={requestId} /> : null}
    </>
  );
}

function Archive({ link, requestId }: PayloadLinksProps): Child {
  const [url, setUrl] = useState<string | undefined>(undefined);
  const [trouble, setTrouble] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const ask = async (): Promise<void> => {
    setBusy(true);
    setTrouble(undefined);
    try {
      const found = await link.archiveUrl(requestId);
      setUrl(found);
      if (found === undefined) setTrouble("No archive found for this request");
      else open(found);
    } catch (error) {
      setTrouble(sentenceOf(error));
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" disabled={isBusy} onClick={() => void ask()}>
        Download Archive
      </button>
      {/* Where the browser did not let the page open it. */}
      {url === undefined ? null : <Away href={url}>The archive</Away>}
      {trouble === undefined ? null : <Notice text={trouble} />}
    </>
  );
}

function Away({ href, children }: { readonly href: string; readonly children: Child }): Child {
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

function open(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.click();
}

/** What was answered; `undefined` until then, and where the answer is a refusal. */
function useAnswer<Answer>(
  ask: (signal: AbortSignal) => Promise<Answer>,
  deps: readonly unknown[],
): Answer | undefined {
  const [answer, setAnswer] = useState<Answer | undefined>(undefined);
  useEffect(() => {
    const asking = new AbortController();
    setAnswer(undefined);
    ask(asking.signal).then(
      (found) => {
        if (!asking.signal.aborted) setAnswer(() => found);
      },
      () => {},
    );
    return () => asking.abort();
  }, deps);
  return answer;
}
