/** What its README says of it; it brings no types. */
declare module "parse-prometheus-text-format" {
  export interface ParsedMetric {
    readonly value?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly buckets?: Readonly<Record<string, string>>;
    readonly count?: string;
    readonly sum?: string;
  }

  export interface ParsedFamily {
    readonly name: string;
    readonly help: string;
    readonly type: string;
    readonly metrics: readonly ParsedMetric[];
  }

  /** Throws for text that is not of the format. */
  export default function parse(text: string): ParsedFamily[];
}
