import { MemoryDisk } from "../support/memory-disk.ts";
import { describeDisk } from "./disk-conformance.ts";

describeDisk("the memory disk", () => ({ disk: new MemoryDisk(), folder: "/data" }));
