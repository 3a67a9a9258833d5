/** The settings of a topic, changed in place: what was typed goes to the server as one PATCH. */
import { type Child, useState } from "hono/jsx/dom";
import type { Topic, TopicInfo } from "../../../../lib/client/index.ts";
import { Form } from "../parts/form.tsx";
import { Notice } from "../parts/notice.tsx";
import { SettingFields } from "../parts/setting-fields.tsx";
import { settingsToSend, type TypedSettings, typedSettings, wrongWith } from "../parts/setting-values.ts";
import { sentenceOf } from "../shell/failure.ts";
import { useServerDescription } from "../shell/server-description.ts";
import type { ServerLink } from "../shell/server-link.ts";

export interface SettingsFormProps {
  readonly link: ServerLink;
  readonly topic: Topic;
  readonly info: TopicInfo;
  readonly onChanged: () => void;
}

export function SettingsForm({ link, topic, info, onChanged }: SettingsFormProps): Child {
  const settings = useServerDescription(link)?.settings ?? [];
  // What is set when a topic is made stays as it is.
  const specs = settings.filter(({ isFixed }) => !isFixed);
  /** What the reader has changed, and no more: the rest follows the server. */
  const [typed, setTyped] = useState<TypedSettings>({});
  const [failure, setFailure] = useState("");
  const [isChanged, setChanged] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const before = typedSettings(info.settings as unknown as Readonly<Record<string, unknown>>);
  const shown = { ...before, ...typed };
  const change = settingsToSend(specs, shown, before);
  const names = Object.keys(change);
  const isWrong = specs.some((spec) => wrongWith(spec, shown[spec.name] ?? "") !== undefined);
  const say = (text: string, isDone: boolean): void => {
    setFailure(text);
    setChanged(isDone);
  };
  const save = async (): Promise<void> => {
    setBusy(true);
    try {
      await topic.changeSettings(change);
      setTyped({});
      say("", true);
      onChanged();
    } catch (error) {
      say(sentenceOf(error), false);
    }
    setBusy(false);
  };
  return (
    <Form label="Settings" onSubmit={() => void save()}>
      <h2>Settings</h2>
      <SettingFields
        specs={specs}
        typed={shown}
        onTyped={(next) => {
          setTyped(Object.fromEntries(Object.entries(next).filter(([name, text]) => text !== before[name])));
          say("", false);
        }}
      />
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy || names.length === 0 || isWrong}>
          {names.length === 0 ? "Nothing to change" : `Change ${names.join(", ")}`}
        </button>
        {names.length === 0 ? null : (
          <button type="button" onClick={() => setTyped({})}>
            Leave as it is
          </button>
        )}
        <span role="status">{isChanged ? "Changed, for new messages." : ""}</span>
      </div>
      {failure === "" ? null : <Notice text={failure} />}
    </Form>
  );
}
