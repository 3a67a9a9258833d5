/** One scanner: what it was made with, what it has given out, its dead letters, and what one can do with it. */
import { type Child, useState } from "hono/jsx/dom";
import type { ScannerDescription } from "../../../../lib/client/index.ts";
import { counted, countText } from "../figures/format.ts";
import { DeleteDialog } from "../parts/delete-dialog.tsx";
import { FigureList } from "../parts/figure-list.tsx";
import { sentenceOf } from "../shell/failure.ts";
import { linkTo } from "../shell/route.ts";
import type { ServerLink } from "../shell/server-link.ts";
import { DeadLetters } from "./dead-letters.tsx";
import { PendingList } from "./pending-list.tsx";
import { SeekDialog } from "./seek-dialog.tsx";

export interface ScannerDetailProps {
  readonly link: ServerLink;
  readonly topic: string;
  readonly scanner: ScannerDescription;
  readonly mayWrite: boolean;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}

export function ScannerDetail(props: ScannerDetailProps): Child {
  const { link, topic, scanner, mayWrite, onChanged, onClose } = props;
  const [asked, setAsked] = useState<"seek" | "delete" | undefined>(undefined);
  const { id, settings, pending, ack } = scanner;
  const close = (): void => setAsked(undefined);
  return (
    <section class="detail" aria-label={`Scanner ${id}`}>
      <header class="toolbar">
        <h2>{id}</h2>
        <span class="actions end">
          <a href={linkTo("messages", topic, { from: String(scanner.next) })}>Messages from its position</a>
          <button type="button" onClick={() => setAsked("seek")}>
            Move…
          </button>
          <button type="button" onClick={() => setAsked("delete")}>
            Delete…
          </button>
          <button type="button" class="quiet" aria-label="Close the details" onClick={onClose}>
            ✕
          </button>
        </span>
      </header>
      <FigureList figures={factsOf(scanner)} />
      {ack === "explicit" ? <PendingList link={link} topic={topic} id={id} count={pending} /> : null}
      {typeof settings.dead_letter === "string" ? (
        <DeadLetters link={link} topic={topic} letters={settings.dead_letter} mayWrite={mayWrite} />
      ) : null}
      {asked === "seek" ? (
        <SeekDialog link={link} topic={topic} scanner={scanner} onMoved={onChanged} onClose={close} />
      ) : null}
      {asked === "delete" ? (
        <DeleteDialog
          thing="scanner"
          name={id}
          text={`Its position${pending === 0 ? "" : `, and what it knows of ${counted(pending, "pending message")},`} goes with it. The messages stay.`}
          onClose={close}
          onDelete={async () => {
            try {
              await link.client.topic(topic).scanner(id).delete();
              onChanged();
              onClose();
              return undefined;
            } catch (error) {
              return sentenceOf(error);
            }
          }}
        />
      ) : null}
    </section>
  );
}

function factsOf({ settings, from, ack, persistent }: ScannerDescription): [string, string][] {
  const { ack_wait, max_deliver, max_pending, dead_letter, expire, key } = settings;
  const facts: [string, string | undefined][] = [
    ["acknowledgement", ack === "explicit" ? "explicit" : "none"],
    ["survives a restart", persistent ? "yes" : "no"],
    ["began at", countText(from)],
    ["lease", ack_wait],
    [
      "deliveries",
      max_deliver === undefined ? undefined : max_deliver === 0 ? "no limit" : `up to ${max_deliver}`,
    ],
    ["pending", max_pending === undefined ? undefined : `up to ${countText(max_pending)}`],
    ["dead letters", ack === "explicit" ? (dead_letter ?? "dropped") : undefined],
    ["dropped unused after", expire ?? "never"],
    ["reads the keys", key?.join(", ")],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}
