/** Patterns of topic names: `*` stands for any characters, or none; everything else for itself. */

const PATTERN = /^[A-Za-z0-9._*-]+$/;

/** For errors about a wrong pattern. */
export const PATTERN_RULE = "A-Z a-z 0-9 . _ - and *, which stands for anything";

/** A pattern is no longer than a name may be. */
export function isTopicPattern(pattern: string, maxLength: number): boolean {
  return pattern.length <= maxLength && PATTERN.test(pattern);
}

/**
 * Tells of a name whether the pattern stands for all of it. Each piece between stars is looked for behind the one
 * before, first place first, so the work is bounded however many stars there are.
 */
export function topicMatcher(pattern: string): (name: string) => boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return (name) => name === pattern;
  return (name) => {
    if (!name.startsWith(first)) return false;
    let position = first.length;
    for (const piece of rest) {
      const found = name.indexOf(piece, position);
      if (found < 0) return false;
      position = found + piece.length;
    }
    return name.length - last.length >= position && name.endsWith(last);
  };
}
