/** Why there is no answer, and what to do about it. */
import type { Child } from "hono/jsx/dom";
import { isNetlogClientError } from "../../../../lib/client/index.ts";
import { Notice } from "../../../console/app/parts/notice.tsx";
import { PollNotice } from "../../../console/app/shell/poll-notice.tsx";
import type { Entity } from "./entity.ts";
import { outOfReach, type Session } from "./journal-link.ts";

export interface FailureProps {
  readonly error: unknown;
  readonly session: Session | undefined;
  /** What was asked for. */
  readonly entity: Entity;
}

export function Failure({ error, session, entity }: FailureProps): Child {
  if (isNetlogClientError(error, "out_of_reach")) return <Notice text={outOfReach(entity, session)} />;
  return <PollNotice error={error} />;
}
