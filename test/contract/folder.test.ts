import { contractSuite } from "./contract.ts";
import { folderTarget } from "./targets.ts";

contractSuite(folderTarget);
