/** Figures by name, side by side. */
import type { Child } from "hono/jsx/dom";

export type Figure = readonly [name: string, value: Child];

export function FigureList({ figures }: { readonly figures: readonly Figure[] }): Child {
  return (
    <dl class="figures">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
