import { describe, expect, it } from "vitest";
import { ClientAddresses, clientKey, parseNetwork } from "../../../server/auth/client-address.ts";

function addresses(...proxies: readonly string[]): ClientAddresses {
  return new ClientAddresses(proxies.map((text) => parseNetwork(text)!));
}

describe("the client", () => {
  it("is who is at the other end, whatever the header says, where no proxy is trusted", () => {
    expect(addresses().clientOf("192.0.2.1", "198.51.100.7")).toBe("192.0.2.1");
    expect(addresses("10.0.0.0/8").clientOf("192.0.2.1", "198.51.100.7")).toBe("192.0.2.1");
  });

  it.each([
    ["198.51.100.7", "198.51.100.7"],
    ["1.1.1.1, 198.51.100.7", "198.51.100.7"],
    ["1.1.1.1, 198.51.100.7, 10.9.9.9", "198.51.100.7"],
    ["198.51.100.7:5000", "198.51.100.7"],
    ["2001:db8::7", "2001:db8::7"],
    ["[2001:db8::7]:5000", "2001:db8::7"],
    ["::ffff:198.51.100.7", "198.51.100.7"],
    ["10.1.1.1, 10.2.2.2", "10.1.1.1"],
    ["1.1.1.1, unknown", "10.0.0.5"],
    ["1.1.1.1, _hidden, 10.9.9.9", "10.9.9.9"],
    ["", "10.0.0.5"],
    [undefined, "10.0.0.5"],
    ["1.1.1.1, , 10.9.9.9", "10.9.9.9"],
  ])("is the first from the right that is no trusted proxy: %s", (forwardedFor, client) => {
    expect(addresses("10.0.0.0/8", "::1").clientOf("::ffff:10.0.0.5", forwardedFor)).toBe(client);
  });

  it("is sent by proxies of both families", () => {
    for (const remote of ["::1", "2001:db8:1::5", "127.0.0.1"]) {
      const known = addresses("127.0.0.0/8", "::1", "2001:db8:1::/48");
      expect(known.clientOf(remote, "198.51.100.7"), remote).toBe("198.51.100.7");
    }
    expect(addresses("2001:db8:1::/48").clientOf("2001:db8:2::5", "198.51.100.7")).toBe("2001:db8:2::5");
  });
});

describe("what counts as one client", () => {
  it.each([
    ["198.51.100.7", "198.51.100.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"],
    ["2001:db8:1:2::9", "2001:db8:1:2::"],
    ["2001:0db8:1:2::9", "2001:db8:1:2::"],
    ["2001:db8::9", "2001:db8:0:0::"],
    ["::1", "0:0:0:0::"],
    ["1::", "1:0:0:0::"],
  ])("%s is %s", (address, key) => {
    expect(clientKey(address)).toBe(key);
  });
});

describe("a network", () => {
  it.each([
    ["10.0.0.0/8", { address: "10.0.0.0", prefixBits: 8 }],
    ["192.0.2.1", { address: "192.0.2.1", prefixBits: 32 }],
    ["::1", { address: "::1", prefixBits: 128 }],
    ["2001:db8::/32", { address: "2001:db8::", prefixBits: 32 }],
  ])("%s", (text, network) => {
    expect(parseNetwork(text)).toEqual(network);
  });

  it.each([
    "",
    "10.0.0.0/33",
    "::1/129",
    "10.0.0/8",
    "proxy.example",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "1.2.3.4:80",
  ])("%s is none", (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });
});
