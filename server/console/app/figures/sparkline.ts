/** The path of a line without axes. It begins at zero, so that a quiet topic is flat; the newest value is at the right. */

export interface SparklineSize {
  /** So many values fill the width. */
  readonly room: number;
  readonly width: number;
  readonly height: number;
}

/** For an SVG path. Where a value is missing the line has a gap. */
export function sparklinePath(
  values: readonly (number | undefined)[],
  { room, width, height }: SparklineSize,
): string {
  const most = Math.max(...values.map((value) => value ?? 0));
  // A line along the bottom would say no more than the 0 beside it.
  if (!(most > 0)) return "";
  // Half a pixel at each edge, so that the line is seen whole.
  const step = (width - 1) / Math.max(1, room - 1);
  const shown = values.slice(-room);
  let path = "";
  let isDrawing = false;
  shown.forEach((value, place) => {
    if (value === undefined) {
      isDrawing = false;
      return;
    }
    const x = width - 0.5 - (shown.length - 1 - place) * step;
    const y = height - 0.5 - (value / most) * (height - 1);
    path += `${isDrawing ? "L" : "M"}${rounded(x)} ${rounded(y)}`;
    isDrawing = true;
  });
  return path;
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}
