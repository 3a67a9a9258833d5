import { contractSuite } from "./contract.ts";
import { forwardingTarget } from "./targets.ts";

contractSuite(forwardingTarget);
