/** Lines over time, drawn by uPlot in the colours of the page's theme. */
import { type Child, useEffect, useRef } from "hono/jsx/dom";
import uPlot, { type AlignedData, type Options } from "uplot";
import type { TimeSeries } from "../figures/series.ts";
import "uplot/dist/uPlot.min.css";

export interface PlotProps {
  readonly title: string;
  readonly series: TimeSeries;
  /** Names of the lines that are drawn, in their order: absent for all of them. */
  readonly names?: readonly string[];
  readonly format: (value: number) => string;
  /** How the axis shows a time, which is in seconds: as the time of day by default. */
  readonly timeText?: (seconds: number) => string;
}

const HEIGHT = 150;
/** Dashes make lines different: there is one accent colour. */
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [10, 3, 2, 3]];
const AXIS_WIDTH = 64;

export function Plot(props: PlotProps): Child {
  const { title, series, names = series.names } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const latest = useRef(props);
  latest.current = props;
  const drawn = names.join("\n");
  useEffect(() => {
    const { current } = box;
    if (current === null) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(current, latest.current!), dataOf(latest.current!), current);
    };
    draw();
    const theme = matchMedia("(prefers-color-scheme: dark)");
    theme.addEventListener("change", draw);
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: current.clientWidth, height: HEIGHT }),
    );
    observer.observe(current);
    return () => {
      theme.removeEventListener("change", draw);
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [drawn]);
  useEffect(
    () => plot.current?.setData(dataOf(props)),
    [series, series.times.at(-1), series.times.length, drawn],
  );
  return (
    <figure class="plot">
      <figcaption>{title}</figcaption>
      <div ref={box} class="plot-box" role="img" aria-label={describe(props)} />
    </figure>
  );
}

/** None is there twice: several small figures may be the same once they are rounded. */
function labels(splits: readonly number[], format: (value: number) => string): string[] {
  const texts = splits.map(format);
  return texts.map((text, place) => (text === texts[place - 1] ? "" : text));
}

/** UTC, as all times of the console are. */
function timeOfDay(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 19);
}

/** The plot in words: the last value of each line. */
function describe({ title, series, names = series.names, format }: PlotProps): string {
  const last = names.map((name) => {
    const value = series.last(name);
    return `${name} ${value === undefined ? "unknown" : format(value)}`;
  });
  return `${title}: ${last.join(", ") || "no values yet"}`;
}

function dataOf({ series, names = series.names }: PlotProps): AlignedData {
  return [[...series.times], ...names.map((name) => [...series.line(name)])];
}

function optionsOf(
  box: HTMLElement,
  { series, names = series.names, format, timeText = timeOfDay }: PlotProps,
): Options {
  const style = getComputedStyle(box);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--dim"),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: box.clientWidth,
    height: HEIGHT,
    legend: { show: names.length > 1, live: false },
    cursor: { show: true, y: false, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, size: 24, space: 80, values: (_, splits) => splits.map(timeText) },
      { ...axis, size: AXIS_WIDTH, values: (_, splits) => labels(splits, format) },
    ],
    series: [
      {},
      ...names.map((name, place) => ({
        label: name,
        stroke: colour(place === 0 ? "--accent" : "--text"),
        width: 1.5,
        dash: [...(DASHES[place % DASHES.length] ?? [])],
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? "" : format(value)),
      })),
    ],
  };
}
