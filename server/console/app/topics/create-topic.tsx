/** Creates a topic, with the settings that the server describes. */
import { type Child, useState } from "hono/jsx/dom";
import { isNetlogClientError } from "../../../../lib/client/index.ts";
import { curlToCreate } from "../feed/curl.ts";
import { CurlLine } from "../parts/curl-line.tsx";
import { FormDialog } from "../parts/dialog.tsx";
import { TextField } from "../parts/field.tsx";
import { Notice } from "../parts/notice.tsx";
import { SettingFields } from "../parts/setting-fields.tsx";
import { settingsToSend, type TypedSettings, wrongWith } from "../parts/setting-values.ts";
import { sentenceOf } from "../shell/failure.ts";
import { useServerDescription } from "../shell/server-description.ts";
import type { ServerLink } from "../shell/server-link.ts";

export interface CreateTopicProps {
  readonly link: ServerLink;
  readonly onCreated: (name: string) => void;
  readonly onClose: () => void;
}

/** Errors that speak of the name. */
const OF_NAME = ["topic_exists", "invalid_topic_name"] as const;

export function CreateTopic({ link, onCreated, onClose }: CreateTopicProps): Child {
  const specs = useServerDescription(link)?.settings;
  const [name, setName] = useState("");
  const [typed, setTyped] = useState<TypedSettings>({});
  const [error, setError] = useState<unknown>(undefined);
  const [isBusy, setBusy] = useState(false);
  const settings = settingsToSend(specs ?? [], typed);
  const isOfName = isNetlogClientError(error, ...OF_NAME);
  const isWrong = (specs ?? []).some((spec) => wrongWith(spec, typed[spec.name] ?? "") !== undefined);
  const create = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await link.client.createTopic(name.trim(), settings);
      onCreated(name.trim());
    } catch (thrown) {
      setError(thrown);
    }
    setBusy(false);
  };
  return (
    <FormDialog title="Create a topic" onClose={onClose} onSubmit={() => void create()}>
      <TextField
        label="Name"
        value={name}
        onValue={(typedName) => {
          setName(typedName);
          setError(undefined);
        }}
        hint="Letters, digits, and . _ - but not at the beginning . or -"
        error={isOfName ? sentenceOf(error) : undefined}
        isFirst
      />
      <details>
        <summary>Settings</summary>
        {specs === undefined ? (
          <p class="dim">Reading what the server takes…</p>
        ) : (
          <SettingFields specs={specs} typed={typed} onTyped={setTyped} />
        )}
      </details>
      {name.trim() === "" ? null : <CurlLine line={curlToCreate(link.curl, name.trim(), settings)} />}
      {error === undefined || isOfName ? null : <Notice text={sentenceOf(error)} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy || isWrong || name.trim() === ""}>
          Create
        </button>
      </div>
    </FormDialog>
  );
}
