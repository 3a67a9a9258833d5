/** How large messages may be where NATS takes no larger ones than its `max_payload`. */
import { KiB } from "../../base/limits.ts";
import type { Logger } from "../../base/logger.ts";
import { EngineStartError } from "./start-error.ts";

/** Beside a payload: envelope, header of the frame, fields of the message, headers of NATS. */
const BESIDE_BYTES = 16 * KiB;
/** With less room there is no use in it. */
const LEAST_BYTES = 64 * KiB;

interface SizeLimits {
  readonly payloadBytes: number;
  readonly batchBytes: number;
  readonly engineMessageBytes: number;
}

/** The limits, lowered to what NATS takes; the log says so. @throws EngineStartError: that is too little. */
export function limitsWithin<Given extends SizeLimits>(
  limits: Given,
  maxPayloadBytes: number,
  logger: Logger,
): Given {
  const mostBytes = maxPayloadBytes - BESIDE_BYTES;
  if (mostBytes < LEAST_BYTES) {
    throw new EngineStartError(
      `NATS takes messages of ${maxPayloadBytes} bytes at most; set max_payload in its configuration to ` +
        `${LEAST_BYTES + BESIDE_BYTES} at least, and to 16 MiB and more for large messages`,
    );
  }
  const payloadBytes = Math.min(limits.payloadBytes, mostBytes);
  const batchBytes = Math.min(limits.batchBytes, mostBytes);
  // What waits together goes in one message, and has to fit as well.
  const engineMessageBytes = Math.min(limits.engineMessageBytes, mostBytes);
  const within = { ...limits, payloadBytes, batchBytes, engineMessageBytes };
  if (payloadBytes === limits.payloadBytes && batchBytes === limits.batchBytes) return within;
  logger.warn(
    { maxPayloadBytes, payloadBytes, batchBytes },
    `messages have ${payloadBytes} bytes at most, and batches ${batchBytes}, as NATS takes no more (max_payload)`,
  );
  return within;
}
