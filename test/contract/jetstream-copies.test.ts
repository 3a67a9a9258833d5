/** With three copies the contract takes minutes, and says little more than with one: it runs with `npm run soak`. */
import { describe } from "vitest";
import { hasNats } from "../support/nats.ts";
import { contractSuite } from "./contract.ts";
import { jetstreamTarget } from "./jetstream-target.ts";

describe.runIf(hasNats && process.env.SOAK === "1")("topics on NATS", () =>
  contractSuite(jetstreamTarget(3)),
);
