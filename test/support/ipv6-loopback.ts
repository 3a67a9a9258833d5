/** Not every machine has IPv6, containers above all. */
import { networkInterfaces } from "node:os";

/** Whether programs can listen on `::1` here. */
export const HAS_IPV6_LOOPBACK: boolean = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === "::1");
