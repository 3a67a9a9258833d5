/** Publishes a message: text, JSON or a file, with key, content type and headers; or once more what one looks at. */
import { type Child, useState } from "hono/jsx/dom";
import type { Message, Topic } from "../../../../lib/client/index.ts";
import { bytesText, countText } from "../figures/format.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Field, TextField } from "../parts/field.tsx";
import { Notice } from "../parts/notice.tsx";
import { readPayload } from "../payload/kind.ts";
import { sentenceOf } from "../shell/failure.ts";
import { linkTo } from "../shell/route.ts";

export interface PublishFormProps {
  readonly topic: Topic;
  /** To be published once more. */
  readonly again: Message | undefined;
  readonly onClose: () => void;
}

type Source = "text" | "json" | "bytes";

interface Draft {
  readonly source: Source;
  readonly text: string;
  /** A file, or the payload of a message that is no text. */
  readonly bytes: Uint8Array | undefined;
  readonly bytesName: string;
  readonly key: string;
  readonly contentType: string;
  /** A header a line, as `x-meta-name: value`. */
  readonly headers: string;
}

type Outcome = { readonly offset: number } | { readonly error: string } | undefined;

export function PublishForm({ topic, again, onClose }: PublishFormProps): Child {
  const [draft, setDraft] = useState<Draft>(() => draftOf(again));
  const [outcome, setOutcome] = useState<Outcome>(undefined);
  const [isBusy, setBusy] = useState(false);
  const change = (changed: Partial<Draft>): void => {
    setDraft((before) => ({ ...before, ...changed }));
    setOutcome(undefined);
  };
  const publish = async (): Promise<void> => {
    setBusy(true);
    try {
      setOutcome({ offset: await publishDraft(topic, draft) });
    } catch (error) {
      setOutcome({ error: sentenceOf(error) });
    }
    setBusy(false);
  };
  return (
    <Dialog title={`Publish to ${topic.name}`} onClose={onClose}>
      <form
        class="form"
        aria-label="Publish a message"
        onSubmit={(event: Event) => {
          event.preventDefault();
          void publish();
        }}
      >
        <PayloadFields draft={draft} change={change} />
        <MessageFields draft={draft} change={change} />
        <div class="actions">
          <button type="submit" class="primary" disabled={isBusy}>
            {isBusy ? "Publishing…" : "Publish"}
          </button>
          <span role="status">
            {outcome !== undefined && "offset" in outcome ? (
              <>
                Stored as{" "}
                <a href={linkTo("messages", topic.name, { at: String(outcome.offset) })} onClick={onClose}>
                  message {countText(outcome.offset)}
                </a>
              </>
            ) : null}
          </span>
        </div>
        {outcome !== undefined && "error" in outcome ? <Notice text={outcome.error} /> : null}
      </form>
    </Dialog>
  );
}

interface FieldsProps {
  readonly draft: Draft;
  readonly change: (changed: Partial<Draft>) => void;
}

const SOURCES: readonly (readonly [Source, string])[] = [
  ["text", "Text"],
  ["json", "JSON"],
  ["bytes", "File"],
];

function PayloadFields({ draft, change }: FieldsProps): Child {
  const { source, text, bytes, bytesName } = draft;
  return (
    <>
      <fieldset class="choice">
        <legend>The payload is</legend>
        {SOURCES.map(([each, name]) => (
          <button
            key={each}
            type="button"
            aria-pressed={String(source === each)}
            onClick={() => change({ source: each, contentType: typeFor(each, draft) })}
          >
            {name}
          </button>
        ))}
      </fieldset>
      {source === "bytes" ? (
        <Field
          label="File"
          hint={bytes === undefined ? undefined : `${bytesName}, ${bytesText(bytes.length)}`}
          input={(attributes) => (
            <input {...attributes} type="file" onChange={(event: Event) => void takeFile(event, change)} />
          )}
        />
      ) : (
        <Field
          label="Payload"
          input={(attributes) => (
            <textarea
              {...attributes}
              rows={8}
              spellcheck={false}
              value={text}
              onInput={(event: Event) => change({ text: (event.target as HTMLTextAreaElement).value })}
            />
          )}
        />
      )}
    </>
  );
}

async function takeFile(event: Event, change: FieldsProps["change"]): Promise<void> {
  const [file] = (event.target as HTMLInputElement).files ?? [];
  if (file === undefined) return;
  const bytes = new Uint8Array(await file.arrayBuffer());
  change({ bytes, bytesName: file.name, contentType: file.type });
}

function MessageFields({ draft, change }: FieldsProps): Child {
  const { key, contentType, headers } = draft;
  return (
    <>
      <TextField label="Key" value={key} onValue={(value) => change({ key: value })} />
      <TextField
        label="Content type"
        value={contentType}
        placeholder="application/octet-stream"
        onValue={(value) => change({ contentType: value })}
      />
      <Field
        label="Headers"
        hint="One a line, such as x-meta-source: shop."
        input={(attributes) => (
          <textarea
            {...attributes}
            rows={2}
            spellcheck={false}
            value={headers}
            onInput={(event: Event) => change({ headers: (event.target as HTMLTextAreaElement).value })}
          />
        )}
      />
    </>
  );
}

function typeFor(source: Source, { contentType }: Draft): string {
  const isOwn = contentType !== "" && contentType !== JSON_TYPE;
  if (isOwn) return contentType;
  return source === "json" ? JSON_TYPE : "";
}

const JSON_TYPE = "application/json";

function draftOf(message: Message | undefined): Draft {
  if (message === undefined) {
    return {
      source: "text",
      text: "",
      bytes: undefined,
      bytesName: "",
      key: "",
      contentType: "",
      headers: "",
    };
  }
  const { payload, key = "", contentType = "", headers, offset } = message;
  const read = readPayload(payload, contentType);
  // A text box has no CR: what holds one is published byte for byte.
  const isTypeable = read.isUtf8 && !read.text.includes("\r") && payload.length <= LONGEST_TYPED;
  return {
    source: isTypeable ? (read.isJson ? "json" : "text") : "bytes",
    text: isTypeable ? read.text : "",
    bytes: payload,
    bytesName: `message ${offset}`,
    key,
    contentType,
    headers: Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}`)
      .join("\n"),
  };
}

/** A longer text makes a text box slow. */
const LONGEST_TYPED = 256 * 1024;

/** @throws an Error whose message says what to mend. */
async function publishDraft(topic: Topic, draft: Draft): Promise<number> {
  const { offset } = await topic.publish(payloadOf(draft), {
    key: draft.key === "" ? undefined : draft.key,
    contentType: draft.contentType === "" ? undefined : draft.contentType,
    headers: headersOf(draft.headers),
    exactlyOnce: true,
  });
  return offset;
}

function payloadOf({ source, text, bytes }: Draft): string | Uint8Array {
  if (source === "bytes") {
    if (bytes === undefined) throw new TypeError("Choose a file first.");
    return bytes;
  }
  if (text === "") throw new TypeError("A message has at least one byte: type its payload.");
  if (source === "json") {
    try {
      JSON.parse(text);
    } catch (error) {
      throw new TypeError(`The payload is not JSON: ${(error as Error).message}`);
    }
  }
  return text;
}

function headersOf(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of text.split("\n").map((each) => each.trim())) {
    if (line === "") continue;
    const [, name, value] = /^([^:\s]+)\s*:\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      throw new TypeError(`"${line}" is no header: write its name, a colon, and its value.`);
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}
