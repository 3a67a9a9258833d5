/** The keys that there are on the page that is shown. */
import type { Child } from "hono/jsx/dom";
import { Dialog } from "../parts/dialog.tsx";
import type { PageKeys } from "./page.ts";

export function KeyHelp({ keys, onClose }: { readonly keys: PageKeys; readonly onClose: () => void }): Child {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {Object.entries(keys).map(([name, { text }]) => (
          <div key={name}>
            <dt>
              {name.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
