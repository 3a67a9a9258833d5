/**
 * The settings of a view: `--view-set`, else variables of the environment, else what the program has. Upstream's names
 * count as they are for a program that runs one view; in a server those do that no other program can mean.
 */
import type { ViewSettings, ViewVariable } from "../../server/views/view-program.ts";
import { closest } from "../cli/closest.ts";
import { ENVIRONMENT_PREFIX, type Origin } from "../cli/option.ts";
import { UsageError } from "../cli/usage-error.ts";
import type { ViewSetting } from "../options/views.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingSources {
  readonly view: string;
  readonly variables: readonly ViewVariable[];
  readonly environment: Environment;
  /** Only this view runs, so that all of upstream's names are its own. */
  readonly isAlone: boolean;
  /** `--view-set`, and who gave it. */
  readonly settings: readonly ViewSetting[];
  readonly settingsOrigin: Origin;
}

interface Given {
  readonly source: string;
  readonly text: string;
}

export interface FoundSettings extends ViewSettings {
  /** What was given for parts that are no more, as one would say it: `KAFKA_TIMEOUT: the log takes Kafka's place`. */
  readonly ignored: readonly string[];
}

/** @throws UsageError for a name that the view does not have. */
export function findSettings(sources: SettingSources): FoundSettings {
  const { variables, view } = sources;
  refuseUnknown(sources);
  const found = new Map<string, Given>();
  const ignored: string[] = [];
  for (const variable of variables) {
    const given = givenFor(variable, sources);
    if (given === undefined) continue;
    if (variable.ignoredFor === undefined) found.set(variable.name, given);
    else ignored.push(`${given.source}: ${variable.ignoredFor}`);
  }
  const require = (name: string): ViewVariable => {
    const variable = variables.find((each) => each.name === name);
    if (variable === undefined) throw new TypeError(`the view ${view} has no setting ${name}`);
    return variable;
  };
  return {
    ignored,
    has: (name) => found.has(require(name).name),
    text: (name) => found.get(name)?.text ?? require(name).fallback,
    refusal(name, allowed) {
      const { source, text } = found.get(name) ?? { source: name, text: require(name).fallback };
      // A secret is not shown, whatever is wrong with it.
      const shown = /PASS|SECRET|TOKEN/.test(name) ? "its value" : `"${text}"`;
      return new UsageError(`${source}: ${shown} is not allowed; it takes ${allowed}`);
    },
  };
}

function givenFor(
  { name, upstream = [name], isUnmistakable }: ViewVariable,
  sources: SettingSources,
): Given | undefined {
  const { view, environment, isAlone, settings, settingsOrigin } = sources;
  const setting = settings.findLast((each) => each.view === view && each.name === name);
  const set = setting && { source: `--view-set ${view}.${name}`, text: setting.value };
  const prefixed = prefixOf(view) + name;
  const names = isAlone || isUnmistakable === true ? [prefixed, ...upstream] : [prefixed];
  const variables = names.flatMap((source) => {
    const text = environment[source] ?? "";
    return text === "" ? [] : [{ source, text }];
  });
  // The environment wins over the file.
  return settingsOrigin === "file" ? (variables[0] ?? set) : (set ?? variables[0]);
}

function refuseUnknown({ view, variables, environment, settings }: SettingSources): void {
  const names = variables.map(({ name }) => name);
  const prefix = prefixOf(view);
  const given = [
    ...settings
      .filter((each) => each.view === view)
      .map(({ name }) => ({ source: `--view-set ${view}.${name}`, name })),
    ...Object.keys(environment)
      .filter((source) => source.startsWith(prefix))
      .map((source) => ({ source, name: source.slice(prefix.length) })),
  ];
  for (const { source, name } of given) {
    if (names.includes(name)) continue;
    const near = closest(name, names);
    const hint = near === undefined ? "" : `did you mean ${near}? `;
    throw new UsageError(
      `${source}: the view ${view} has no such setting; ${hint}there are ${names.join(", ")}`,
    );
  }
}

function prefixOf(view: string): string {
  return `${ENVIRONMENT_PREFIX}${view.toUpperCase()}_`;
}
