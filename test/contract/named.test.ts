/** The contract against whatever server `NETLOG_URL` names, such as one that is installed somewhere. */
import { test } from "vitest";
import { contractSuite } from "./contract.ts";

const url = process.env.NETLOG_URL;

if (url === undefined) test.skip("the HTTP contract against the server named by NETLOG_URL", () => {});
else contractSuite({ name: url, start: () => Promise.resolve({ url, stop: () => Promise.resolve() }) });
