/** `netlog info` and `netlog set`: what a topic is like, and other settings for it. */
import type { TopicInfo } from "../../lib/client/index.ts";
import { type Command, type Context, EXIT } from "../cli/command.ts";
import { counted, formatBytes } from "../cli/figures.ts";
import { UsageError } from "../cli/usage-error.ts";
import { clientCommand, oneOperand } from "./call/client-command.ts";
import { countText } from "./output/figures.ts";
import { styleFor } from "./output/style.ts";
import { SETTING_OPTIONS, type SettingOptions, settingsOf } from "./setting-flags.ts";

export const infoCommand: Command = clientCommand<object>({
  usage: "[flags] <topic>",
  details: ["With --json it is the server's own answer to GET /<topic>, which lists the segments as well."],
  options: {},
  async run(call) {
    const info = await call.netlog.topic(oneOperand(call, "the topic")).info();
    tellInfo(info, call.options.json, call);
    return EXIT.ok;
  },
});

export const setCommand: Command = clientCommand<SettingOptions>({
  usage: "<flags> <topic>",
  details: [
    "Settings are for new messages; what no flag names stays as it is. Prints the topic as `netlog info` does.",
    "  netlog set logs --segment-age 7day --retention-size 10000000000",
  ],
  options: SETTING_OPTIONS,
  async run(call) {
    const topic = call.netlog.topic(oneOperand(call, "the topic"));
    const change = settingsOf(call.options);
    if (Object.keys(change).length === 0)
      throw new UsageError("no setting is given, such as --segment-age 7day");
    tellInfo(await topic.changeSettings(change), call.options.json, call);
    return EXIT.ok;
  },
});

function tellInfo(info: TopicInfo, isJson: boolean, { stdout, environment }: Context): void {
  if (isJson) {
    stdout.write(`${JSON.stringify(info)}\n`);
    return;
  }
  const style = styleFor(stdout, environment);
  const lines = [...topicRows(info), ...Object.entries(info.settings)];
  const width = Math.max(...lines.map(([name]) => name.length));
  for (const [name, value] of lines) stdout.write(`${style("bold", name.padEnd(width))}  ${value}\n`);
}

function topicRows(info: TopicInfo): [string, string][] {
  const { name, closed, first_offset: first, latest_offset: latest, disk_size, segments, scanners } = info;
  const offsets = latest < first ? "" : ` (offsets ${first} to ${latest})`;
  const names = Object.keys(scanners);
  return [
    ["topic", name],
    ...(closed === true ? [["closed", "yes; it takes no more messages"] satisfies [string, string]] : []),
    ["messages", `${countText(latest - first + 1)}${offsets}`],
    ["size", `${formatBytes(disk_size)} in ${counted(segments.length, "segment")}`],
    ["last write", info.mod_time],
    ["scanners", names.length === 0 ? "none" : names.join(", ")],
  ];
}
