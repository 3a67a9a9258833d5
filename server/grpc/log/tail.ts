/** Tail: what is there from an offset on, then what comes, batch by batch as the reader takes it. */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  isNetlogError,
  type Message,
  type Netlog,
  NetlogError,
  type Taken,
  type Topic,
  type TopicCursor,
} from "../../../lib/index.ts";
import { isStillAdmitted } from "../../http/admission.ts";
import { HttpError } from "../../wire/errors.ts";
import { Log, type TailRequest, TailResponseSchema } from "../generated/netlog/v1/log_pb.ts";
import { type Call, type Method, serverStream } from "../method.ts";
import { MessageRecords } from "./message-records.ts";
import { countOf, numberOf, ofTopic, spellingOf } from "./of-topic.ts";

export function tailMethod(netlog: Netlog): Method {
  const terms = { needs: "read", isUse: true, topicOf: ({ topic }: TailRequest) => topic } as const;
  return serverStream(
    Log.method.tail,
    terms,
    ofTopic(netlog, async (call, topic, sent) => {
      const { limits } = call.context;
      const bounds = {
        maxMessages: countOf("max_messages", sent.maxMessages, limits.readMessages, limits.readMessagesMax),
        maxBytes: countOf("max_bytes", sent.maxBytes, limits.grpcTailBytes, limits.grpcTailBytesMax),
      };
      const cursor = topic.openCursor(sent.keys);
      const offset = await resumeAt(topic, sent.start);
      await new Tailing(call, cursor, new MessageRecords(bounds, call.request.memory), offset).run();
    }),
  );
}

/** An offset that retention dropped is where a client was: what it has missed the first message says. */
async function resumeAt(topic: Topic, start: TailRequest["start"]): Promise<number> {
  if (start.case !== "offset") return await topic.startOf(spellingOf(start) ?? "");
  const offset = numberOf("offset", start.value);
  if (offset < topic.readableOffsets.start) return offset;
  return await topic.startOf(String(offset));
}

class Tailing {
  readonly #call: Call;
  readonly #cursor: TopicCursor;
  readonly #records: MessageRecords;
  #offset: number;
  /** Dropped by retention and not told yet. */
  #skipped = 0;
  #lookedAtMs: number;
  #wroteAtMs: number;

  constructor(call: Call, cursor: TopicCursor, records: MessageRecords, offset: number) {
    this.#call = call;
    this.#cursor = cursor;
    this.#records = records;
    this.#offset = offset;
    this.#lookedAtMs = call.startedAtMs;
    this.#wroteAtMs = call.startedAtMs;
  }

  /** Ends at the end of a closed topic, and when the client has left. @throws what ends the stream otherwise. */
  async run(): Promise<void> {
    const { request, context } = this.#call;
    while (!request.hasLeft) {
      this.#checkOn();
      if (this.#offset < this.#cursor.endOffset) {
        await this.#read();
        if ((this.#records.count > 0 || this.#isQuiet) && !(await this.#write(false))) return;
        await context.runtime.pause();
        continue;
      }
      if (this.#cursor.closedAt === this.#offset) {
        await this.#write(true);
        return;
      }
      if (!(await this.#wait())) return;
    }
  }

  /** Messages of other keys, or a want of memory, have kept the client without a word for as long as it may be. */
  get #isQuiet(): boolean {
    const { runtime, limits } = this.#call.context;
    return runtime.elapsedMs() - this.#wroteAtMs >= limits.heartbeatMs;
  }

  /** Reads the next batch, which is empty where messages were passed over, or there is no memory for one now. */
  async #read(): Promise<void> {
    const { startOffset } = this.#cursor;
    if (this.#offset < startOffset) {
      this.#skipped += startOffset - this.#offset;
      this.#offset = startOffset;
    }
    try {
      this.#offset = await this.#cursor.readMessages(this.#offset, Number.POSITIVE_INFINITY, this.#take);
    } catch (error) {
      if (isNetlogError(error, "too_many_requests"))
        await this.#rest(this.#call.context.limits.streamRetryMs);
      // Else retention was faster than the read, or this ends the stream.
      else if (!isNetlogError(error, "offset_not_found") || this.#offset >= this.#cursor.startOffset)
        throw error;
    }
  }

  readonly #take = (message: Message): Taken => {
    if (!this.#records.take(message, this.#skipped)) return false;
    this.#skipped = 0;
    return this.#records.isFull ? "last" : true;
  };

  /** False when the client has left. A stream that is quiet for long says that it is alive, and where it is. */
  async #wait(): Promise<boolean> {
    const { request, context } = this.#call;
    this.#records.release();
    const waitMs = context.limits.heartbeatMs;
    const waited = await request.waiting((onWaiting) =>
      this.#cursor.wait(this.#offset, { waitMs, onWaiting }),
    );
    if (waited === "cancelled") return false;
    return waited === "readable" || waited === "closed" || (await this.#write(false));
  }

  /** Writes what was read, and where to resume. False when the client has left. */
  async #write(closed: boolean): Promise<boolean> {
    const { count } = this.#records;
    const rest = create(TailResponseSchema, { nextOffset: BigInt(this.#offset), closed });
    const packed = this.#records.pack(toBinary(TailResponseSchema, rest));
    const handedOver = await this.#call.request.write(packed);
    if (handedOver) this.#call.noteOut(count, packed.bytes.length);
    this.#wroteAtMs = this.#call.context.runtime.elapsedMs();
    this.#records.clear();
    return handedOver;
  }

  /** @throws shutting_down, unauthorized. */
  #checkOn(): void {
    const { runtime, limits } = this.#call.context;
    if (this.#call.context.isStopping) throw new NetlogError("shutting_down");
    const nowMs = runtime.elapsedMs();
    if (nowMs - this.#lookedAtMs < limits.heartbeatMs) return;
    this.#lookedAtMs = nowMs;
    if (!isStillAdmitted(this.#call)) throw new HttpError("unauthorized");
  }

  #rest(forMs: number): Promise<void> {
    return new Promise((resolve) => this.#call.context.runtime.setTimer(forMs, resolve));
  }
}
