/** The settings of a topic as flags. The server judges the values, and says what is allowed. */
import type { TopicSettingsChange } from "../../lib/client/index.ts";
import { SETTING_NAMES, SETTINGS, type SettingName } from "../../lib/values.ts";
import type { Option, OptionTable } from "../cli/option.ts";
import { choiceFlag, countFlag, type Optional, textFlag } from "./call/flags.ts";

export type SettingOptions = { readonly [Name in SettingName]: Optional<string | number> };

const DURATION = "a duration such as 30day, 1h30m or 200ms; 0 is the server's default";
const DEFAULT_WORD = "default";
const NO_TIME = "none";

export const SETTING_OPTIONS: OptionTable<SettingOptions> = Object.fromEntries(
  SETTING_NAMES.map((name) => [name, flagOfSetting(name)]),
) as OptionTable<SettingOptions>;

function flagOfSetting(name: SettingName): Option<Optional<string | number>> {
  const setting = SETTINGS[name];
  const { flag = name, text } = setting;
  switch (setting.kind) {
    case "duration":
      return textFlag(flag, "<duration>", text, DURATION);
    case "integer": {
      const option = countFlag(flag, text, { min: 0 });
      return setting.unit === "bytes" ? { ...option, placeholder: "<bytes>" } : option;
    }
    case "choice":
      return choiceFlag(flag, text, setting.choices);
    case "code":
      return choiceFlag(flag, text, [DEFAULT_WORD, ...Object.keys(setting.codes)]);
    case "time":
      return textFlag(flag, "<time>", text, "an RFC 3339 time such as 2026-11-20T23:27:59Z, or none");
    case "media_type":
      return textFlag(flag, "<type>", text, "a content type such as application/json");
  }
}

/** The settings that were given, in the server's words. */
export function settingsOf(options: SettingOptions): TopicSettingsChange {
  const change: Partial<Record<SettingName, string | number>> = {};
  for (const name of SETTING_NAMES) {
    const value = options[name];
    if (value === null) continue;
    const setting = SETTINGS[name];
    if (setting.kind === "code") change[name] = setting.codes[value] ?? 0;
    else change[name] = setting.kind === "time" && value === NO_TIME ? "" : value;
  }
  return change as TopicSettingsChange;
}
