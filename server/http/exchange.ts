/** One request on its way to its answer, as handlers see it: what brought it, and what was found out about it. */
import { NetlogError, type Topic } from "../../lib/index.ts";
import type { ParameterNames } from "../wire/parameter-names.ts";
import { Parameters } from "../wire/parameters.ts";
import type { Target } from "../wire/target.ts";
import type { ServerContext } from "./context.ts";
import type { Request } from "./request.ts";
import type { Resource } from "./resource.ts";
import { Visit } from "./visit.ts";

const NO_TARGET: Target = { parts: [], query: "", authority: undefined };
const NO_NAMES: ParameterNames = { names: [], ignoresOthers: true, elsewhere: [] };
const NO_PARAMETERS = new Parameters("", NO_NAMES);

export class Exchange extends Visit<ServerContext, Request> {
  target: Target = NO_TARGET;
  /** What the request is for, once that is known and if there is such a thing. */
  resource: Resource | undefined;
  /** Its answer is another server's, which has added the headers of the door. */
  isAnsweredElsewhere = false;
  /** What its route takes in the query. */
  parameterNames: ParameterNames = NO_NAMES;
  /** What the answer tells of a failure, behind the fields of any error. */
  failureFields: object = {};
  /** Why it may not wait. */
  #turnedAwayFor: string | undefined;

  /** As the client wrote it, as far as trusted proxies report it. */
  get scheme(): "http" | "https" {
    const { request, context } = this;
    if (context.gate.isSecure) return "https";
    const forwarded = request.header("x-forwarded-proto");
    return context.clientAddresses.cameByTls(request.remoteAddress, forwarded) ? "https" : "http";
  }

  /** @throws topic_not_found, topic_unavailable, shutting_down. */
  requireTopic(): Topic {
    const topic = this.context.netlog.topic(this.topicName);
    this.use(topic);
    return topic;
  }

  parameters(): Parameters {
    const { query } = this.target;
    return query === "" ? NO_PARAMETERS : new Parameters(query, this.parameterNames);
  }

  /**
   * The request is about to wait. `cancel` ends that: when the client leaves or sends no more, when it has sent too much
   * behind this request, or at once where too many wait. The handler then gives no answer, whatever the reason.
   *
   * False: too many wait.
   */
  wait(cancel: () => void): boolean {
    const { limits } = this.context;
    const { shares } = this.request.memory;
    this.#turnedAwayFor = shares.beginWait();
    if (this.#turnedAwayFor !== undefined) {
      cancel();
      return false;
    }
    let isWaiting = true;
    const end = (): void => {
      if (isWaiting) shares.endWait();
      isWaiting = false;
      cancel();
    };
    this.request.onClose(end);
    this.request.whileWaiting((why) => {
      if (why === "crowded") {
        const most = `at most ${limits.pipelinedBytes} bytes (pipelinedBytes)`;
        this.#turnedAwayFor = `${most} may be sent behind a request that waits; take its answer first`;
      }
      end();
    });
    return true;
  }

  /** The client is there, and its request was not allowed to wait. @throws too_many_requests. */
  checkTurnedAway(): void {
    if (this.#turnedAwayFor === undefined) return;
    throw new NetlogError("too_many_requests", { reason: this.#turnedAwayFor });
  }
}
