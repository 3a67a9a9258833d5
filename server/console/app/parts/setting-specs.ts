/**
 * The settings of a topic as the server's own description tells them (`/-/openapi.json`): what there is, within which
 * bounds, and what is taken where nothing is said. Nothing of it is written down here a second time.
 */

export interface SettingSpec {
  readonly name: string;
  readonly text: string;
  readonly kind: "bytes" | "count" | "duration" | "choice" | "time" | "text";
  /** As the server spells it; `undefined` where it has none. */
  readonly default: string | undefined;
  readonly min: string | undefined;
  readonly max: string | undefined;
  /** What a choice sends, and its word. */
  readonly choices: readonly { readonly value: string; readonly word: string }[];
  /** Choices that are sent as numbers. */
  readonly isNumber: boolean;
  /** Only the creation of a topic sets it. */
  readonly isFixed: boolean;
}

interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly format?: string;
  readonly enum?: readonly (string | number)[];
  readonly default?: string | number | null;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly "x-kind"?: string;
  readonly "x-minimum"?: string | number;
  readonly "x-maximum"?: string | number;
  readonly "x-text"?: string;
  readonly "x-choices"?: readonly string[];
  readonly "x-words"?: Readonly<Record<string, number>>;
  readonly "x-fixed"?: boolean;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly description: string;
  readonly schema: Schema;
}

/** `description` is the parsed answer of `/-/openapi.json`. Empty for what is none. */
export function settingSpecs(description: unknown): SettingSpec[] {
  const { components } = (description ?? {}) as {
    components?: { schemas?: { Settings?: { properties?: Record<string, Schema> } } };
  };
  return Object.entries(components?.schemas?.Settings?.properties ?? {}).map(([name, schema]) =>
    specOf(name, schema["x-text"] ?? schema.description ?? "", schema),
  );
}

/** What a scanner is created with, beside its id: parameters, described in the same words. */
export function scannerSpecs(description: unknown): SettingSpec[] {
  const { paths } = (description ?? {}) as {
    paths?: Record<string, Record<string, { parameters?: readonly Parameter[] }>>;
  };
  const parameters = paths?.["/{topic}/scanner"]?.post?.parameters ?? [];
  return parameters
    .filter((parameter) => parameter.in === "query" && parameter.name !== "id")
    .map((parameter) => specOf(parameter.name, parameter.description, parameter.schema));
}

function specOf(name: string, text: string, schema: Schema): SettingSpec {
  return {
    name,
    text,
    kind: kindOf(schema),
    default: spelled(schema.default),
    min: spelled(schema["x-minimum"] ?? schema.minimum),
    max: spelled(schema["x-maximum"] ?? schema.maximum),
    choices: choicesOf(schema),
    isNumber: isOfType(schema, "integer"),
    isFixed: schema["x-fixed"] === true,
  };
}

function kindOf(schema: Schema): SettingSpec["kind"] {
  const kind = schema["x-kind"];
  if (schema.enum !== undefined || kind === "flag") return "choice";
  if (kind === "bytes" || kind === "count" || kind === "duration") return kind;
  if (isOfType(schema, "integer")) return "count";
  return schema.format === "date-time" ? "time" : "text";
}

function isOfType({ type }: Schema, name: string): boolean {
  return type === name || (Array.isArray(type) && type.includes(name));
}

/** Zero and the empty text stand for the default, and so does leaving it out. */
function choicesOf(schema: Schema): SettingSpec["choices"] {
  if (schema["x-kind"] === "flag") return [{ value: "true", word: "yes" }];
  const words = Object.entries(schema["x-words"] ?? {});
  return (schema["x-choices"] ?? schema.enum ?? [])
    .filter((value) => value !== 0 && value !== "")
    .map((value) => ({
      value: String(value),
      word: words.find(([, code]) => code === value)?.[0] ?? String(value),
    }));
}

function spelled(value: string | number | null | undefined): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}
