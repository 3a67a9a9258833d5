/** Moves a scanner. The message that it lands on is shown first, and it lands on no other one. */
import { type Child, useEffect, useState } from "hono/jsx/dom";
import type { ScannerDescription } from "../../../../lib/client/index.ts";
import { counted, countText } from "../figures/format.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { TextField } from "../parts/field.tsx";
import { Notice } from "../parts/notice.tsx";
import { sentenceOf } from "../shell/failure.ts";
import type { ServerLink } from "../shell/server-link.ts";
import { type Landing, landingAt } from "./landing.ts";
import { LetterLine } from "./letter-line.tsx";

export interface SeekDialogProps {
  readonly link: ServerLink;
  readonly topic: string;
  readonly scanner: ScannerDescription;
  readonly onMoved: () => void;
  readonly onClose: () => void;
}

/** A pause in typing. */
const TYPED_MS = 250;

export function SeekDialog({ link, topic, scanner, onMoved, onClose }: SeekDialogProps): Child {
  const [place, setPlace] = useState(String(scanner.next));
  const [trouble, setTrouble] = useState<string | undefined>(undefined);
  const landing = useLanding(link, topic, place);
  const found = landing instanceof Error ? undefined : landing;
  const seek = async (to: number): Promise<void> => {
    try {
      await link.client.topic(topic).scanner(scanner.id).seek(to);
      onMoved();
      onClose();
    } catch (error) {
      setTrouble(sentenceOf(error));
    }
  };
  return (
    <FormDialog
      title={`Move the scanner ${scanner.id}`}
      onClose={onClose}
      // The button is disabled while there is no place.
      onSubmit={() => void seek(found!.offset)}
    >
      <TextField
        label="To"
        value={place}
        onValue={setPlace}
        hint="An offset, first, end, -100 for the last hundred, 15m for the last 15 minutes, or a time."
        error={landing instanceof Error ? sentenceOf(landing) : undefined}
        isFirst
      />
      {landing instanceof Error ? null : <Preview landing={landing} from={scanner.next} />}
      {scanner.pending > 0 ? (
        <p>
          {counted(scanner.pending, "message")} that the scanner has given out{" "}
          {scanner.pending === 1 ? "is" : "are"} no longer leased then.
        </p>
      ) : null}
      {trouble === undefined ? null : <Notice text={trouble} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={found === undefined}>
          {found === undefined ? "Move it" : `Move it to ${countText(found.offset)}`}
        </button>
        <button type="button" onClick={onClose}>
          Leave it where it is
        </button>
      </div>
    </FormDialog>
  );
}

function Preview({ landing, from }: { readonly landing: Landing | undefined; readonly from: number }): Child {
  if (landing === undefined) return <p class="dim">Looking…</p>;
  const { offset, message } = landing;
  const by = offset - from;
  const move =
    by === 0 ? "That is where it is." : `${counted(Math.abs(by), "message")} ${by > 0 ? "forward" : "back"}.`;
  return (
    <div aria-live="polite">
      <p>{move}</p>
      {message === undefined ? (
        <p>Behind the newest message: it gives what comes from now on.</p>
      ) : (
        <LetterLine message={message} nowMs={Date.now()} />
      )}
    </div>
  );
}

/** `undefined` while it is looked for; an error for what is no place. */
function useLanding(link: ServerLink, topic: string, place: string): Landing | Error | undefined {
  const [landing, setLanding] = useState<Landing | Error | undefined>(undefined);
  useEffect(() => {
    let isCurrent = true;
    const show = (found: Landing | Error): void => {
      if (isCurrent) setLanding(found);
    };
    setLanding(undefined);
    const timer = setTimeout(() => {
      landingAt(link.once.topic(topic), place, Date.now()).then(show, (error: unknown) =>
        show(error instanceof Error ? error : new Error(String(error))),
      );
    }, TYPED_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [link, topic, place]);
  return landing;
}
