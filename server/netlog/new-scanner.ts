/** What it takes to make a scanner, whatever the protocol: above all the right to write where its dead letters go. */
import { isNetlogError, type Scanner, type ScannerRequest, type Topic } from "../../lib/index.ts";
import { lacksRight } from "../http/admission.ts";
import type { ServerContext } from "../http/context.ts";
import type { Visit } from "../http/visit.ts";
import { HttpError } from "../wire/errors.ts";

/** @throws forbidden; what Topic.findOrCreateScanner throws. */
export async function findOrCreateScanner(
  visit: Pick<Visit<ServerContext>, "context" | "grant">,
  topic: Topic,
  request: ScannerRequest,
): Promise<{ readonly scanner: Scanner; readonly isNew: boolean }> {
  const { deadLetter } = request;
  const makesDeadLetter = deadLetter === undefined || visit.grant.may("admin", deadLetter);
  if (deadLetter !== undefined) {
    checkDeadLetter(visit, deadLetter, makesDeadLetter || hasScanner(topic, request.id));
  }
  return await topic.findOrCreateScanner({ ...request, makesDeadLetter });
}

/** `mayBeMissing`: the topic would be made by right, or a scanner that is there answers for it. @throws forbidden. */
function checkDeadLetter(
  { context, grant }: Pick<Visit<ServerContext>, "context" | "grant">,
  deadLetter: string,
  mayBeMissing: boolean,
): void {
  if (!grant.may("write", deadLetter)) {
    throw lacksRight("write", "the topic that dead_letter names");
  }
  if (mayBeMissing || context.netlog.hasTopic(deadLetter)) return;
  const reason =
    "dead_letter: that topic is missing, and making it needs the admin right; have it created first";
  throw new HttpError("forbidden", { reason });
}

/** One that cannot be used is there as well. */
function hasScanner(topic: Topic, id: string | undefined): boolean {
  if (id === undefined) return false;
  try {
    topic.scanner(id);
    return true;
  } catch (error) {
    return !isNetlogError(error, "scanner_not_found");
  }
}
