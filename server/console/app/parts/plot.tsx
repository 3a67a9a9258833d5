/** Lines over time, drawn by uPlot in the colours of the page's theme. */
import { type Child, useEffect, useRef } from "hono/jsx/dom";
import uPlot, { type AlignedData, type Options } from "uplot";
import "uplot/dist/uPlot.min.css";

export interface PlotLine {
  readonly name: string;
  /** `null` where there is no value. */
  readonly values: readonly (number | null)[];
}

export interface PlotProps {
  readonly title: string;
  /** In seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly PlotLine[];
  readonly format: (value: number) => string;
  readonly height?: number;
}

const HEIGHT = 150;
/** Lines are told apart by their dashes: there is one accent colour. */
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [10, 3, 2, 3]];
const AXIS_WIDTH = 64;

export function Plot(props: PlotProps): Child {
  const { title, times, lines, height = HEIGHT } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const latest = useRef(props);
  latest.current = props;
  const names = lines.map(({ name }) => name).join("\n");
  useEffect(() => {
    const { current } = box;
    if (current === null) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      const { lines: now, times: nowTimes, format } = latest.current!;
      plot.current = new uPlot(optionsOf(current, now, format, height), dataOf(nowTimes, now), current);
    };
    draw();
    const theme = matchMedia("(prefers-color-scheme: dark)");
    theme.addEventListener("change", draw);
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: current.clientWidth, height }));
    observer.observe(current);
    return () => {
      theme.removeEventListener("change", draw);
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [names, height]);
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times.at(-1), times.length, names]);
  return (
    <figure class="plot">
      <figcaption>{title}</figcaption>
      <div ref={box} class="plot-box" role="img" aria-label={describe(props)} />
    </figure>
  );
}

/** None is there twice: of small figures several are the same once they are rounded. */
function labels(splits: readonly number[], format: (value: number) => string): string[] {
  const texts = splits.map(format);
  return texts.map((text, place) => (text === texts[place - 1] ? "" : text));
}

/** UTC, as all times of the console are. */
function timeOfDay(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 19);
}

/** The plot in words: the last value of each line. */
function describe({ title, lines, format }: PlotProps): string {
  const last = lines.map(({ name, values }) => {
    const value = values.findLast((each) => each !== null) ?? null;
    return `${name} ${value === null ? "unknown" : format(value)}`;
  });
  return `${title}: ${last.join(", ") || "no values yet"}`;
}

function dataOf(times: readonly number[], lines: readonly PlotLine[]): AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}

function optionsOf(
  box: HTMLElement,
  lines: readonly PlotLine[],
  format: (value: number) => string,
  height: number,
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
    height,
    legend: { show: lines.length > 1, live: false },
    cursor: { show: true, y: false, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, size: 24, space: 80, values: (_, splits) => splits.map(timeOfDay) },
      { ...axis, size: AXIS_WIDTH, values: (_, splits) => labels(splits, format) },
    ],
    series: [
      {},
      ...lines.map(({ name }, place) => ({
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
