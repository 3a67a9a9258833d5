/** JSON text of something that may be long, in short pieces. */

/**
 * The text that JSON.stringify makes of `value`. Each element and each field is a piece of its own, `levels` levels
 * deep. Every iterable is an array. An element that is undefined is an empty piece, as if it were not there.
 */
export function* jsonPieces(value: unknown, levels: number): Generator<string, void, void> {
  if (levels === 0 || typeof value !== "object" || value === null) yield JSON.stringify(value) ?? "";
  else if (Symbol.iterator in value) yield* arrayPieces(value as Iterable<unknown>, levels);
  else yield* objectPieces(value, levels);
}

function* arrayPieces(elements: Iterable<unknown>, levels: number): Generator<string, void, void> {
  let before = "[";
  for (const element of elements) {
    if (element === undefined) {
      yield "";
      continue;
    }
    yield before;
    yield* jsonPieces(element, levels - 1);
    before = ",";
  }
  yield before === "[" ? "[]" : "]";
}

function* objectPieces(value: object, levels: number): Generator<string, void, void> {
  let before = "{";
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    yield `${before}${JSON.stringify(name)}:`;
    yield* jsonPieces(field, levels - 1);
    before = ",";
  }
  yield before === "{" ? "{}" : "}";
}
