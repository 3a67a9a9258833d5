/**
 * The settings of a view: `--view-set`, else variables of the environment, else what the program has. Upstream's names
 * count as they are for a program that runs one view; in a server those do that no other program can mean.
 */
import type { ViewSettings, ViewVariable } from "../../server/views/view-program.ts";
import { closest } from "../cli/closest.ts";
import { ENVIRONMENT_PREFIX, type GivenOptions, type Origin } from "../cli/option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { SETTING_OPTIONS, VIEW_OPTIONS, type ViewSetting } from "../options/views.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingSources {
  readonly view: string;
  readonly variables: readonly ViewVariable[];
  readonly environment: Environment;
  /** Only this view runs, so that all of upstream's names are its own. */
  readonly isAlone: boolean;
  readonly settings: readonly GivenSetting[];
}

/** A setting of `--view-set`, or of an option that stands for it. */
export interface GivenSetting extends ViewSetting {
  readonly origin: Origin;
  /** What its giver calls it. */
  readonly source: string;
}

/** What options say of settings. An option that stands for one setting wins over `--view-set` of the same giver. */
export function givenSettings(
  viewSettings: readonly ViewSetting[],
  given: GivenOptions,
): readonly GivenSetting[] {
  const origin = given.get(VIEW_OPTIONS.viewSettings.name)?.origin ?? "default";
  const listed = viewSettings.map((setting) => ({
    ...setting,
    origin,
    source: `--view-set ${setting.view}.${setting.name}`,
  }));
  const single = Object.entries(SETTING_OPTIONS).flatMap(([option, setting]) => {
    const found = given.get(option);
    if (found === undefined || found.origin === "default") return [];
    return [{ ...setting, value: found.text, origin: found.origin, source: found.source }];
  });
  return [...listed, ...single];
}

interface Given {
  readonly source: string;
  readonly text: string;
}

export interface FoundSettings extends ViewSettings {
  /** What was given for removed parts, with the reason: `KAFKA_TIMEOUT: the log takes Kafka's place`. */
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
  const { view, environment, isAlone, settings } = sources;
  const own = settings.filter((each) => each.view === view && each.name === name);
  const of = (...origins: readonly Origin[]): Given | undefined => {
    const last = own.findLast(({ origin }) => origins.includes(origin));
    return last && { source: last.source, text: last.value };
  };
  const prefixed = prefixOf(view) + name;
  const names = isAlone || isUnmistakable === true ? [prefixed, ...upstream] : [prefixed];
  const variables = names.flatMap((source) => {
    const text = environment[source] ?? "";
    return text === "" ? [] : [{ source, text }];
  });
  return of("flag") ?? of("environment") ?? variables[0] ?? of("file");
}

function refuseUnknown({ view, variables, environment, settings }: SettingSources): void {
  const names = variables.map(({ name }) => name);
  const prefix = prefixOf(view);
  const given = [
    ...settings.filter((each) => each.view === view).map(({ source, name }) => ({ source, name })),
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
