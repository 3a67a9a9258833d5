/**
 * Calls on their way: what was asked and not answered. An answer counts only in the life of the process in which it
 * was asked for; a promise found broken by an answer is kept until the caller looks.
 */
import type { World } from "./world.ts";

export class Calls {
  readonly #world: World;
  /** The calls of this life that are not answered yet. */
  readonly unanswered: Set<string> = new Set();
  #broken: unknown;
  #count = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Asks; the promise resolves when the answer was dealt with, and never rejects. */
  async make<Answer>(
    what: string,
    ask: () => Promise<Answer>,
    onAnswer: (answer: Answer) => void | Promise<void>,
    onRefusal: (error: unknown) => void | Promise<void>,
  ): Promise<void> {
    const { life, story } = this.#world;
    const isOver = () => life !== this.#world.life;
    const call = `${what} (call ${++this.#count})`;
    this.unanswered.add(call);
    try {
      const outcome = await ask().then(
        (answer) => () => onAnswer(answer),
        (error: unknown) => () => onRefusal(error),
      );
      if (isOver()) return;
      this.unanswered.delete(call);
      story.tell(() => `  answered: ${what}`);
      await outcome();
    } catch (error) {
      if (isOver()) return;
      this.#broken ??= error;
    }
  }

  /** What was asked in another life gets no answer any more. */
  forget(): void {
    this.unanswered.clear();
  }

  throwIfBroken(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }
}
