/** Publishes a message: text, JSON or a file, with key, content type and headers; or once more what one looks at. */
import { type Child, useState } from "hono/jsx/dom";
import type { Message, Topic } from "../../../../lib/client/index.ts";
import { bytesText, countText } from "../figures/format.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { AreaField, Field, TextField } from "../parts/field.tsx";
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

type Source = "text" | "json" | "file";

interface Draft {
  readonly source: Source;
  readonly text: string;
  /** A file, or the payload of a message that is no text. It is read when it is published. */
  readonly file: Blob | undefined;
  readonly fileName: string;
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
    <FormDialog
      title={`Publish to ${topic.name}`}
      label="Publish a message"
      onClose={onClose}
      onSubmit={() => void publish()}
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
    </FormDialog>
  );
}

interface FieldsProps {
  readonly draft: Draft;
  readonly change: (changed: Partial<Draft>) => void;
}

const SOURCES: readonly (readonly [Source, string])[] = [
  ["text", "Text"],
  ["json", "JSON"],
  ["file", "File"],
];

function PayloadFields({ draft, change }: FieldsProps): Child {
  const { source, text, file, fileName } = draft;
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
      {source === "file" ? (
        <Field
          label="File"
          hint={file === undefined ? undefined : `${fileName}, ${bytesText(file.size)}`}
          input={(attributes) => (
            <input {...attributes} type="file" onChange={(event: Event) => takeFile(event, change)} />
          )}
        />
      ) : (
        <AreaField label="Payload" rows={8} value={text} onValue={(value) => change({ text: value })} />
      )}
    </>
  );
}

function takeFile(event: Event, change: FieldsProps["change"]): void {
  const [file] = (event.target as HTMLInputElement).files ?? [];
  if (file === undefined) return;
  const { type } = file;
  // A type that the browser does not know leaves the one that was typed.
  change({ file, fileName: file.name, ...(type === "" ? {} : { contentType: type }) });
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
      <AreaField
        label="Headers"
        hint="One a line, such as x-meta-source: shop."
        rows={2}
        value={headers}
        onValue={(value) => change({ headers: value })}
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
      file: undefined,
      fileName: "",
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
    source: isTypeable ? (read.isJson ? "json" : "text") : "file",
    text: isTypeable ? read.text : "",
    file: new Blob([payload as Uint8Array<ArrayBuffer>]),
    fileName: `message ${offset}`,
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
  const { offset } = await topic.publish(await payloadOf(draft), {
    key: draft.key === "" ? undefined : draft.key,
    contentType: draft.contentType === "" ? undefined : draft.contentType,
    headers: headersOf(draft.headers),
    exactlyOnce: true,
  });
  return offset;
}

async function payloadOf({ source, text, file }: Draft): Promise<string | Uint8Array> {
  if (source === "file") {
    if (file === undefined) throw new TypeError("Choose a file first.");
    return new Uint8Array(await file.arrayBuffer());
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
