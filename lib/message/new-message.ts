/** A message on its way in: what a client publishes, before it has an offset; and what the log gets of it. */
import { keptContentType, requireFields } from "./field-rules.ts";
import { type AppendFields, encodeFields, type MessageFields } from "./fields.ts";
import type { Limits } from "./limits.ts";

export interface NewMessage extends MessageFields {
  /** At least one byte. */
  readonly payload: Uint8Array;
  /**
   * So many bytes in front of the payload, in the same memory, are free; with them a payload of more than LONG_BYTES is
   * given for good. None when absent.
   */
  readonly headroomBytes?: number;
}

/** A message whose fields are encoded. One without fields may be the NewMessage itself. */
export interface PackedMessage {
  readonly payload: Uint8Array;
  /** As encodeFields makes them. */
  readonly fields?: Uint8Array;
}

/** `append`: what the entry says beside the message. @throws bad_request: a client may not send these fields. */
export function packMessage(message: NewMessage, limits: Limits, append?: AppendFields): PackedMessage {
  const { payload, key, contentType, headers } = message;
  const hasHeaders = headers !== undefined && headers.length > 0;
  const kept = keptContentType(contentType);
  const hasFields = key !== undefined || kept !== undefined || hasHeaders;
  if (hasFields) requireFields(message, limits);
  else if (append === undefined) return contentType === undefined ? message : { payload };
  const fields = kept === contentType ? message : withoutType(message);
  return { payload, fields: encodeFields(fields, append) };
}

/** Bytes of the message beside its header. */
export function packedBytes({ payload, fields }: PackedMessage): number {
  return fields === undefined ? payload.length : payload.length + fields.length;
}

function withoutType({ contentType: _unkept, ...fields }: NewMessage): MessageFields {
  return fields;
}
