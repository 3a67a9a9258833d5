/** Which keys that are pressed are for the page, and how `j` and `k` go through its rows. */

/** A key that is typed into a field belongs to the field, and one with Ctrl, Alt or Meta to the browser. */
export function isForPage(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return false;
  const { target } = event;
  if (!(target instanceof Element)) return true;
  return target.closest("input, textarea, select, [contenteditable], dialog[open]") === null;
}

/** Rows that `j` and `k` go through: what is marked so holds the focus, or a link that does. */
export const ROW_MARK = "data-row";

/** Moves the focus to the next or the previous row of the page. */
export function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>(`[${ROW_MARK}]`)];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at === -1 ? (step === 1 ? 0 : rows.length - 1) : at + step];
  const target = next?.matches("a, button, [tabindex]")
    ? next
    : next?.querySelector<HTMLElement>("a, button");
  target?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
