/** The segments of a topic from the oldest to the newest; a click leads to the messages that lie there. */
import { type Child, useRef, useState } from "hono/jsx/dom";
import type { TopicInfo } from "../../../../lib/client/index.ts";
import { bytesText, counted, countText } from "../figures/format.ts";
import { offsetAt, type SegmentMeasure, type SegmentPart, segmentParts } from "../figures/segments.ts";

export interface SegmentBarProps {
  readonly info: TopicInfo;
  /** Time of the first message, where it is known. */
  readonly oldestMs: number | undefined;
  readonly onPlace: (offset: number) => void;
}

const MEASURES: readonly (readonly [SegmentMeasure, string])[] = [
  ["bytes", "Size"],
  ["time", "Time"],
];

export function SegmentBar({ info, oldestMs, onPlace }: SegmentBarProps): Child {
  const [measure, setMeasure] = useState<SegmentMeasure>("bytes");
  const [focused, setFocused] = useState<number | undefined>(undefined);
  const bar = useRef<HTMLDivElement>(null);
  const parts = segmentParts(info, measure, oldestMs);
  // One stop of the tab key for the whole bar: arrows move within it.
  const reachable = Math.min(focused ?? parts.length - 1, parts.length - 1);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(parts.length - 1, reachable + step));
    setFocused(next);
    (bar.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  const shown = parts[focused ?? -1];
  return (
    <section class="segments" aria-label="Segments">
      <fieldset class="choice">
        <legend>As wide as their</legend>
        {MEASURES.map(([each, name]) => (
          <button
            key={each}
            type="button"
            aria-pressed={String(measure === each)}
            onClick={() => setMeasure(each)}
          >
            {name}
          </button>
        ))}
      </fieldset>
      <div
        class="segment-bar"
        ref={bar}
        {...{ role: "group", "aria-label": "Segments, oldest first", onKeyDown }}
      >
        {parts.map((part, place) => (
          <button
            key={part.firstOffset}
            type="button"
            class={`segment ${part.isActive ? "active" : ""}`}
            style={{ flex: `${part.share} 0 0` }}
            tabIndex={place === reachable ? 0 : -1}
            aria-label={`Show messages of ${partText(part)}`}
            title={partText(part)}
            onFocus={() => setFocused(place)}
            onMouseEnter={() => setFocused(place)}
            onClick={(event: MouseEvent) => onPlace(offsetAt(part, fractionOf(event)))}
          />
        ))}
      </div>
      <p class="dim">
        {shown === undefined
          ? `${counted(info.segments.length, "segment")}, the oldest on the left; a click shows the messages of a place`
          : partText(shown)}
      </p>
    </section>
  );
}

/** Where a part was clicked, from 0 to 1; its beginning, where a key did it. */
function fractionOf(event: MouseEvent): number {
  if (event.detail === 0) return 0;
  const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return width === 0 ? 0 : (event.clientX - left) / width;
}

function partText({ firstOffset, endOffset, segmentCount, bytes, untilMs, isActive }: SegmentPart): string {
  const what =
    segmentCount === 1 ? (isActive ? "the active segment" : "a segment") : counted(segmentCount, "segment");
  if (endOffset === firstOffset) return `${what}: no messages`;
  const range = `${countText(firstOffset)} to ${countText(endOffset - 1)}`;
  return `${what}: ${range}, ${bytesText(bytes)}, until ${new Date(untilMs).toISOString().slice(0, 19).replace("T", " ")}`;
}
