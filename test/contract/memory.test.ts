import { contractSuite } from "./contract.ts";
import { memoryTarget } from "./targets.ts";

contractSuite(memoryTarget);
