/** Errors that the runtime of a view throws for itself. */

/** The view applies nothing more until a human has mended what the message says. Nothing was skipped. */
export class ViewStopped extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "ViewStopped";
  }
}

/** The view's place in the database is not where this process left it: it is looked up anew. */
export class PlaceMoved extends Error {
  constructor(topic: string) {
    super(`the place in ${topic} was moved by another transaction`);
    this.name = "PlaceMoved";
  }
}
