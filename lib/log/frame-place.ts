/** A place between two frames of a data file. */
export interface FramePlace {
  readonly position: number;
  readonly offset: number;
  /** Time of the frame before; 0 at the beginning. */
  readonly timestampMs: number;
}
