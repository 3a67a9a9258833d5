/** The settings of a topic, changed in place: what was typed goes to the server as one PATCH. */
import { type Child, useEffect, useState } from "hono/jsx/dom";
import type { Topic, TopicInfo } from "../../../../lib/client/index.ts";
import { Notice } from "../parts/notice.tsx";
import { SettingFields } from "../parts/setting-fields.tsx";
import { type SettingSpec, settingSpecs } from "../parts/setting-specs.ts";
import { settingsToSend, type TypedSettings, typedSettings, wrongWith } from "../parts/setting-values.ts";
import { sentenceOf } from "../shell/failure.ts";
import type { ServerLink } from "../shell/server-link.ts";

export interface SettingsFormProps {
  readonly link: ServerLink;
  readonly topic: Topic;
  readonly info: TopicInfo;
  readonly onChanged: () => void;
}

export function SettingsForm({ link, topic, info, onChanged }: SettingsFormProps): Child {
  const specs = useSpecs(link);
  const [typed, setTyped] = useState<TypedSettings | undefined>(undefined);
  const [failure, setFailure] = useState("");
  const [isChanged, setChanged] = useState(false);
  const before = typedSettings(info.settings as unknown as Readonly<Record<string, unknown>>);
  const shown = typed ?? before;
  const change = settingsToSend(specs, shown, before);
  const names = Object.keys(change);
  const isWrong = specs.some((spec) => wrongWith(spec, shown[spec.name] ?? "") !== undefined);
  const say = (text: string, isDone: boolean): void => {
    setFailure(text);
    setChanged(isDone);
  };
  const save = async (): Promise<void> => {
    try {
      await topic.changeSettings(change);
      setTyped(undefined);
      say("", true);
      onChanged();
    } catch (error) {
      say(sentenceOf(error), false);
    }
  };
  return (
    <form
      class="form"
      aria-label="Settings"
      onSubmit={(event: Event) => {
        event.preventDefault();
        if (names.length > 0 && !isWrong) void save();
      }}
    >
      <h2>Settings</h2>
      <SettingFields
        specs={specs}
        typed={shown}
        onTyped={(next) => {
          setTyped(next);
          say("", false);
        }}
      />
      <div class="actions">
        <button type="submit" class="primary" disabled={names.length === 0 || isWrong}>
          {names.length === 0 ? "Nothing to change" : `Change ${names.join(", ")}`}
        </button>
        {names.length === 0 ? null : (
          <button type="button" onClick={() => setTyped(undefined)}>
            Leave as it is
          </button>
        )}
        <span role="status">{isChanged ? "Changed, for new messages." : ""}</span>
      </div>
      {failure === "" ? null : <Notice text={failure} />}
    </form>
  );
}

/** Those that can be changed, as the server describes them. */
function useSpecs(link: ServerLink): readonly SettingSpec[] {
  const [specs, setSpecs] = useState<readonly SettingSpec[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    link.get("/-/openapi.json", stop.signal).then(
      (text) => setSpecs(settingSpecs(JSON.parse(text)).filter(({ isFixed }) => !isFixed)),
      // The shell says that the server is away, and its return asks again.
      () => {},
    );
    return () => stop.abort();
  }, [link, link.returns]);
  return specs;
}
