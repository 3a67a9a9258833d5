/** The contract through a server that sends all on runs over files with each change; over NATS it runs with `npm run soak`. */
import { describe } from "vitest";
import { hasNats } from "../support/nats.ts";
import { isSoak } from "../support/soak.ts";
import { contractSuite } from "./contract.ts";
import { jetstreamForwardingTarget } from "./jetstream-forwarding.ts";

describe.runIf(hasNats && isSoak)("topics on NATS", () => contractSuite(jetstreamForwardingTarget));
