/** Which server is to take a topic up first. All servers that know the same others come to the same order. */
import { crc32 } from "../base/checksum.ts";

/** How many of `servers` come before `server`, for this topic; each topic has another order. */
export function rankOf(topic: string, server: string, servers: readonly string[]): number {
  const own = weightOf(topic, server);
  return servers.filter((other) => {
    const weight = weightOf(topic, other);
    return weight > own || (weight === own && other > server);
  }).length;
}

function weightOf(topic: string, server: string): number {
  return crc32(Buffer.from(`${topic}\n${server}`));
}
