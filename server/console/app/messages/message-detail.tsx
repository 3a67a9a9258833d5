/** One message with all that it carries, and what one can do with it. */
import { type Child, useEffect, useState } from "hono/jsx/dom";
import { isNetlogClientError, type Message, type Topic } from "../../../../lib/client/index.ts";
import { type CurlServer, curlToPublish, curlToRead } from "../feed/curl.ts";
import { bytesText, countText } from "../figures/format.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { Notice } from "../parts/notice.tsx";
import { Pieces } from "../parts/pieces.tsx";
import type { PayloadKind } from "../payload/kind.ts";
import { sentenceOf } from "../shell/failure.ts";
import { download } from "./download.ts";
import { PayloadView } from "./payload-view.tsx";

export interface MessageDetailProps {
  readonly topic: Topic;
  readonly server: CurlServer;
  readonly offset: number;
  /** Where the list has it. */
  readonly known: Message | undefined;
  /** Grows whenever what failed before may work now. */
  readonly returns: number;
  readonly view: PayloadKind | undefined;
  readonly onView: (view: PayloadKind) => void;
  /** `undefined`: there is none, as far as the page knows. */
  readonly onPrevious: (() => void) | undefined;
  readonly onNext: (() => void) | undefined;
  readonly onClose: () => void;
  /** `undefined`: the token may not. */
  readonly onPublishAgain: ((message: Message) => void) | undefined;
}

export function MessageDetail(props: MessageDetailProps): Child {
  const { topic, offset, onPrevious, onNext, onClose } = props;
  const { message, error } = useMessage(topic, offset, props.known, props.returns);
  return (
    <article class="message-detail" aria-label={`Message ${offset}`}>
      <header class="detail-head">
        <h2>Message {countText(offset)}</h2>
        <button type="button" onClick={() => onPrevious?.()} disabled={onPrevious === undefined}>
          Previous
        </button>
        <button type="button" onClick={() => onNext?.()} disabled={onNext === undefined}>
          Next
        </button>
        <button type="button" onClick={onClose} aria-label="Close the message">
          ✕
        </button>
      </header>
      {message === undefined && error === undefined ? <p class="dim">Reading…</p> : null}
      {error === undefined ? null : <Notice text={reasonOf(error, offset)} />}
      {message === undefined ? null : <Shown {...props} message={message} />}
    </article>
  );
}

function Shown(props: MessageDetailProps & { readonly message: Message }): Child {
  const { message, topic, server, view, onView, onPublishAgain } = props;
  const { payload, contentType, offset } = message;
  return (
    <>
      <div class="actions">
        <CopyButton text={() => curlToRead(server, topic.name, offset)}>Copy as curl</CopyButton>
        <CopyButton text={() => curlToPublish(server, topic.name, message)}>
          Copy its publish as curl
        </CopyButton>
        <button type="button" class="quiet" onClick={() => download(payload, `message-${offset}.bin`)}>
          Download
        </button>
        {onPublishAgain === undefined ? null : (
          <button type="button" class="quiet" onClick={() => onPublishAgain(message)}>
            Publish once more…
          </button>
        )}
      </div>
      <Fields message={message} />
      <PayloadView payload={payload} contentType={contentType} view={view} onView={onView} />
    </>
  );
}

function Fields({ message }: { readonly message: Message }): Child {
  const { key, contentType, headers, offset, timestamp, crc32, payload } = message;
  const fields: readonly (readonly [string, string])[] = [
    ["offset", String(offset)],
    ["time", timestamp],
    [
      "size",
      payload.length < 1024
        ? bytesText(payload.length)
        : `${bytesText(payload.length)}, ${countText(payload.length)} bytes`,
    ],
    ["crc32", `${crc32} (0x${crc32.toString(16).padStart(8, "0")})`],
    ["key", key ?? ""],
    ["content type", contentType ?? ""],
    ...Object.entries(headers),
  ];
  return (
    <dl class="fields">
      {fields.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value === "" ? <span class="dim">none</span> : <Pieces text={value} />}</dd>
        </div>
      ))}
    </dl>
  );
}

interface Read {
  readonly offset: number;
  readonly message?: Message;
  readonly error?: unknown;
}

/** The message that is known, or what the server says of the offset. */
function useMessage(
  topic: Topic,
  offset: number,
  known: Message | undefined,
  returns: number,
): Omit<Read, "offset"> {
  const [read, setRead] = useState<Read>({ offset });
  const has = known ?? (read.offset === offset ? read.message : undefined);
  useEffect(() => {
    if (known !== undefined) {
      setRead({ offset, message: known });
      return undefined;
    }
    if (has !== undefined) return undefined;
    const stop = new AbortController();
    setRead({ offset });
    topic.read(offset, { signal: stop.signal }).then(
      (message) => setRead({ offset, message }),
      (error: unknown) => {
        if (!stop.signal.aborted) setRead({ offset, error });
      },
    );
    return () => stop.abort();
  }, [topic, offset, known, returns]);
  if (has !== undefined) return { message: has };
  return read.offset === offset && read.error !== undefined ? { error: read.error } : {};
}

function reasonOf(error: unknown, offset: number): string {
  if (!isNetlogClientError(error)) return sentenceOf(error);
  const { code, firstOffset } = error;
  if (code === "end_of_topic") return "There is no such message yet.";
  if (code === "offset_not_found" && firstOffset !== undefined && offset < firstOffset) {
    return `Retention has dropped this message; the first that is kept is ${countText(firstOffset)}.`;
  }
  if (code === "offset_not_found") return "There is no message at this offset.";
  if (code === "checksum_error")
    return "This message is damaged on the server's disk. The check of the topic lists all damage.";
  return sentenceOf(error);
}
