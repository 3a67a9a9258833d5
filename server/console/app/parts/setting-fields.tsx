/** A field for each setting of a topic, with its bounds and its default as the server tells them. */
import type { Child } from "hono/jsx/dom";
import { ChoiceField, TextField } from "./field.tsx";
import type { SettingSpec } from "./setting-specs.ts";
import { boundsText, defaultText, type TypedSettings, wrongWith } from "./setting-values.ts";

export interface SettingFieldsProps {
  readonly specs: readonly SettingSpec[];
  readonly typed: TypedSettings;
  readonly onTyped: (typed: TypedSettings) => void;
}

export function SettingFields({ specs, typed, onTyped }: SettingFieldsProps): Child {
  return (
    <div class="settings">
      {specs.map((spec) => {
        const value = typed[spec.name] ?? "";
        const onValue = (text: string): void => onTyped({ ...typed, [spec.name]: text });
        const common = { label: spec.name, value, onValue, hint: hintOf(spec) };
        if (spec.kind !== "choice") {
          return (
            <TextField
              key={spec.name}
              {...common}
              placeholder={defaultText(spec)}
              error={wrongWith(spec, value)}
            />
          );
        }
        const choices = [
          { value: "", title: `default: ${defaultText(spec)}` },
          ...spec.choices.map((choice) => ({ value: choice.value, title: choice.word })),
        ];
        return <ChoiceField key={spec.name} {...common} choices={choices} />;
      })}
    </div>
  );
}

function hintOf(spec: SettingSpec): string {
  const bounds = boundsText(spec);
  const text = spec.text.replace(/\.$/, "");
  return spec.kind === "choice" || bounds === "" ? `${text}.` : `${text}: ${bounds}.`;
}
