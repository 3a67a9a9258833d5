import { describe } from "vitest";
import { hasNats } from "../support/nats.ts";
import { contractSuite } from "./contract.ts";
import { jetstreamTarget } from "./jetstream-target.ts";

describe.skipIf(!hasNats)("topics on NATS", () => contractSuite(jetstreamTarget(1)));
