/** Keeps failures to read the source apart from failures to write the copy: the same disk may have both. */
import { NetlogError } from "../base/errors.ts";

/** The result of reading the source. @throws topic_unavailable for what the disk throws. */
export async function reading<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw sourceError(error);
  }
}

/** For steps that are read one after the other; errors of the caller that takes them pass unchanged. */
export async function* readingSteps<Step>(
  steps: AsyncGenerator<Step, void, void>,
): AsyncGenerator<Step, void, void> {
  try {
    yield* steps;
  } catch (error) {
    throw sourceError(error);
  }
}

/** What does not come from the system is a defect, and stays what it is. */
function sourceError(error: unknown): unknown {
  if (!(error instanceof Error && "syscall" in error)) return error;
  const reason = `the source cannot be read: ${error.message}`;
  return new NetlogError("topic_unavailable", { reason, cause: error });
}
