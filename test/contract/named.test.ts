/** The contract against whatever server `CONTRACT_URL` names, such as one that is installed somewhere. */
import { test } from "vitest";
import { contractSuite } from "./contract.ts";

const url = process.env.CONTRACT_URL;

if (url === undefined) test.skip("the HTTP contract against the server named by CONTRACT_URL", () => {});
else contractSuite({ name: url, start: () => Promise.resolve({ url, stop: () => Promise.resolve() }) });
