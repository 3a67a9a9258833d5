/** How the settings of a topic are described: from the one table of them. */
import { boundOf, LIMITS, SETTING_NAMES, SETTINGS, type Setting } from "../../lib/index.ts";
import type { Json } from "./operation.ts";

export const duration: Json = {
  type: "string",
  description: "such as 1h30m, 90s or 2month3day",
  examples: ["30s"],
};

export const settings: Json = {
  type: "object",
  additionalProperties: false,
  description: "Zero or empty stands for the server's default.",
  properties: Object.fromEntries(SETTING_NAMES.map((name) => [name, schemaOfSetting(SETTINGS[name])])),
};

function schemaOfSetting(setting: Setting): Json {
  const { text: description } = setting;
  switch (setting.kind) {
    case "duration":
      return {
        ...duration,
        type: setting.default === null ? ["string", "null"] : "string",
        description: `${description}, ${duration.description}`,
      };
    case "integer":
      return { type: "integer", minimum: 0, maximum: boundOf(setting.max, LIMITS), description };
    case "choice":
      return {
        type: "string",
        enum: [...setting.choices, ...Object.keys(setting.synonyms), ""],
        description,
      };
    case "code":
      return { type: "integer", enum: [0, ...Object.values(setting.codes)], description };
    case "time":
      return { type: ["string", "null"], format: "date-time", description };
    case "media_type":
      return { type: ["string", "null"], description };
  }
}
