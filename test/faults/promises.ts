/** What a history of requests and the topic at its end must have in common, whatever was done to the cluster meanwhile. */
import type { Ack, Event, Found, Lease, Publish, Scan } from "./history.ts";

/** Each promise that is broken, in words; none: all hold. */
export function brokenPromises(events: readonly Event[], found: Found): string[] {
  const publishes = events.filter((event) => event.kind === "publish");
  const stored = new Map(found.messages.map(({ offset, payload }) => [offset, payload]));
  return [
    ...offsetsAreDense(found),
    ...timesNeverGoBack(found),
    ...acknowledgedIsThere(publishes, stored),
    ...nothingIsThereTwice(publishes, found),
    ...orderIsThatOfAnswers(publishes),
    ...readersGetWhatIsThere(events, stored),
    ...scannersSkipNothing(events, found),
    ...settledStaysSettled(events),
  ];
}

/** Messages that nobody settled though those who settle have come to the end. An ack that was refused settles nothing. */
export function unsettledMessages(events: readonly Event[], found: Found): string[] {
  const acks = events.filter((event) => event.kind === "ack" && event.outcome !== "refused");
  const settled = new Set(acks.map((ack) => (ack as Ack).offset));
  const left = found.messages.filter(({ offset }) => !settled.has(offset));
  return left.map(({ offset }) => `message ${offset} was never settled`);
}

function offsetsAreDense({ firstOffset, messages }: Found): string[] {
  const wrong = messages.findIndex(({ offset }, index) => offset !== firstOffset + index);
  return wrong < 0
    ? []
    : [`offsets are not dense: ${messages[wrong]!.offset} is message ${firstOffset + wrong}`];
}

function timesNeverGoBack({ messages }: Found): string[] {
  const wrong = messages.findIndex(({ timeMs }, index) => index > 0 && timeMs < messages[index - 1]!.timeMs);
  return wrong < 0 ? [] : [`time goes back at ${messages[wrong]!.offset}`];
}

function acknowledgedIsThere(publishes: readonly Publish[], stored: ReadonlyMap<number, string>): string[] {
  return publishes.flatMap(({ outcome, payloads, offset = Number.NaN }) => {
    if (outcome !== "done") return [];
    return payloads.flatMap((payload, index) => {
      const there = stored.get(offset + index);
      return there === payload ? [] : [`${payload} was acknowledged at ${offset + index}, where ${there} is`];
    });
  });
}

/** A payload is there once, if it was published and not refused; payloads of one request are there together, or none is. */
function nothingIsThereTwice(publishes: readonly Publish[], { messages }: Found): string[] {
  const places = new Map<string, number[]>();
  for (const { payload, offset } of messages) places.set(payload, [...(places.get(payload) ?? []), offset]);
  const broken: string[] = [];
  for (const { outcome, payloads } of publishes) {
    const at = payloads.map((payload) => places.get(payload) ?? []);
    for (const payload of payloads) places.delete(payload);
    const [first = []] = at;
    if (outcome === "refused" && at.some((offsets) => offsets.length > 0)) {
      broken.push(`${payloads[0]} was refused, and is there at ${at.flat()[0]}`);
    } else if (at.some((offsets) => offsets.length > 1)) {
      broken.push(`${payloads[0]} is there at ${at.find((offsets) => offsets.length > 1)?.join(" and ")}`);
    } else if (
      at.some((offsets, index) => offsets[0] !== (first[0] === undefined ? undefined : first[0] + index))
    ) {
      broken.push(
        `the batch of ${payloads[0]} is torn: ${at.map(([offset]) => offset ?? "none").join(", ")}`,
      );
    }
  }
  for (const [payload, [offset]] of places) broken.push(`nobody published ${payload}, which is at ${offset}`);
  return broken;
}

/** What was acknowledged before another request was sent has a lower offset. */
function orderIsThatOfAnswers(publishes: readonly Publish[]): string[] {
  const done = publishes.filter(({ outcome }) => outcome === "done");
  const bySent = done.toSorted((a, b) => a.sentMs - b.sentMs);
  const byEnded = done.toSorted((a, b) => a.endedMs - b.endedMs);
  const broken: string[] = [];
  let ended = 0;
  let highest: Publish | undefined;
  for (const publish of bySent) {
    for (
      let next = byEnded[ended];
      next !== undefined && next.endedMs < publish.sentMs;
      next = byEnded[++ended]
    ) {
      if (highest === undefined || next.offset! > highest.offset!) highest = next;
    }
    // With a key, what came first may have been stored by an attempt before the one that was answered.
    if (highest === undefined || publish.key !== undefined || publish.offset! > highest.offset!) continue;
    broken.push(
      `${publish.payloads[0]} is at ${publish.offset}, though ${highest.offset} was acknowledged before it was sent`,
    );
  }
  return broken;
}

function readersGetWhatIsThere(events: readonly Event[], stored: ReadonlyMap<number, string>): string[] {
  return events.flatMap((event) => {
    if (event.kind !== "scan" && event.kind !== "lease" && event.kind !== "read") return [];
    if (event.offset === undefined || event.outcome !== "done") return [];
    const there = stored.get(event.offset);
    const reader = event.kind === "read" ? "a read" : event.scanner;
    return there === event.payload
      ? []
      : [`${reader} gave ${event.payload} at ${event.offset}, where ${there} is`];
  });
}

/**
 * A scanner goes on from one message to the next, or repeats what it gave. Where an answer was lost, it may have been given:
 * a front that waited for an owner that broke off says 503.
 */
function scannersSkipNothing(events: readonly Event[], { firstOffset }: Found): string[] {
  const broken: string[] = [];
  const scans = events.filter((event): event is Scan => event.kind === "scan");
  for (const scanner of new Set(scans.map((scan) => scan.scanner))) {
    let next = firstOffset;
    let lost = 0;
    for (const scan of scans.filter((each) => each.scanner === scanner)) {
      if (scan.outcome !== "done") lost++;
      if (scan.offset === undefined) continue;
      if (scan.offset > next + lost) broken.push(`scanner ${scanner} skipped from ${next} to ${scan.offset}`);
      if (scan.offset >= next) lost = 0;
      next = Math.max(next, scan.offset + 1);
    }
  }
  return broken;
}

/** A message whose settling was answered is given to nobody who asks later. */
function settledStaysSettled(events: readonly Event[]): string[] {
  const settledAt = new Map<string, number>();
  for (const event of events) {
    if (event.kind === "ack" && event.outcome === "done") settledAt.set(placeOf(event), event.endedMs);
  }
  return events.flatMap((event) => {
    if (event.kind !== "lease" || event.offset === undefined) return [];
    const ms = settledAt.get(placeOf(event)) ?? Infinity;
    return event.sentMs > ms
      ? [`scanner ${event.scanner} gave ${event.offset} again, which was settled`]
      : [];
  });
}

function placeOf({ scanner, offset }: Ack | Lease): string {
  return `${scanner} ${offset}`;
}
