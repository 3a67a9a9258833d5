/** Creates a scanner, with what the server describes for one. */
import { type Child, useState } from "hono/jsx/dom";
import { curlToPost } from "../feed/curl.ts";
import { CurlLine } from "../parts/curl-line.tsx";
import { FormDialog } from "../parts/dialog.tsx";
import { TextField } from "../parts/field.tsx";
import { Notice } from "../parts/notice.tsx";
import { SettingFields } from "../parts/setting-fields.tsx";
import type { SettingSpec } from "../parts/setting-specs.ts";
import { type TypedSettings, wrongWith } from "../parts/setting-values.ts";
import { sentenceOf } from "../shell/failure.ts";
import { useServerDescription } from "../shell/server-description.ts";
import type { ServerLink } from "../shell/server-link.ts";

export interface CreateScannerProps {
  readonly link: ServerLink;
  readonly topic: string;
  /** Those that are there. */
  readonly ids: readonly string[];
  readonly onCreated: (id: string) => void;
  readonly onClose: () => void;
}

export function CreateScanner({ link, topic, ids, onCreated, onClose }: CreateScannerProps): Child {
  const specs = useServerDescription(link)?.scanner ?? [];
  const [id, setId] = useState("");
  const [typed, setTyped] = useState<TypedSettings>({});
  const [trouble, setTrouble] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const isTaken = ids.includes(id.trim());
  const isWrong = specs.some((spec) => wrongWith(spec, typed[spec.name] ?? "") !== undefined);
  const path = pathOf(topic, id, specs, typed);
  const create = async (): Promise<void> => {
    setBusy(true);
    setTrouble(undefined);
    try {
      const made = JSON.parse(await link.post(path)) as { readonly id: string };
      onCreated(made.id);
    } catch (error) {
      setTrouble(sentenceOf(error));
    }
    setBusy(false);
  };
  return (
    <FormDialog title={`Create a scanner of ${topic}`} onClose={onClose} onSubmit={() => void create()}>
      <TextField
        label="Id"
        value={id}
        onValue={setId}
        hint="A name that its readers agree on. Without one the server makes up an id."
        error={isTaken ? "There is a scanner of this id already." : undefined}
        isFirst
      />
      <SettingFields specs={specs} typed={typed} onTyped={setTyped} />
      <CurlLine line={curlToPost(link.curl, path)} />
      {trouble === undefined ? null : <Notice text={trouble} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy || isTaken || isWrong}>
          Create
        </button>
      </div>
    </FormDialog>
  );
}

function pathOf(topic: string, id: string, specs: readonly SettingSpec[], typed: TypedSettings): string {
  const given = new URLSearchParams();
  if (id.trim() !== "") given.set("id", id.trim());
  for (const { name } of specs) {
    const value = (typed[name] ?? "").trim();
    if (value !== "") given.set(name, value);
  }
  return `/${encodeURIComponent(topic)}/scanner${given.size === 0 ? "" : `?${given}`}`;
}
