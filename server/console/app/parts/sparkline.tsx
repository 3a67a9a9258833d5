/** A line without axes, of a figure over the last minutes: its shape, beside the figure itself. */
import type { Child } from "hono/jsx/dom";
import { sparklinePath } from "../figures/sparkline.ts";

const WIDTH = 72;
const HEIGHT = 16;

export interface SparklineProps {
  /** The newest is the last; where one is missing the line has a gap. */
  readonly values: readonly (number | undefined)[];
  /** So many values fill the width. */
  readonly room: number;
}

/** The figure stands beside it, so it is hidden from those who hear the page. */
export function Sparkline({ values, room }: SparklineProps): Child {
  const path = sparklinePath(values, { room, width: WIDTH, height: HEIGHT });
  return (
    <svg
      class="sparkline"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}
