import { describe, expect, it } from "vitest";
import { Gate, type GateOptions } from "../../../server/auth/gate.ts";

function gate(options: Partial<GateOptions> = {}): Gate {
  return new Gate({
    allowedHosts: [],
    corsOrigins: [],
    address: "127.0.0.1",
    port: 7200,
    isSecure: false,
    ...options,
  });
}

/** What a program sends. */
function passes(to: Gate, host: string | undefined, origin?: string, site?: string): boolean {
  try {
    to.pass(host, origin, site);
    return true;
  } catch {
    return false;
  }
}

describe("Host, while the server listens on loopback", () => {
  it.each(["127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"])(
    "must be one of its names, on %s",
    (address) => {
      const loopback = gate({ address });
      for (const host of [
        "localhost",
        "localhost:7200",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:7200",
        "LocalHost:7200",
        "localhost.",
        "LocalHost.:7200",
      ]) {
        expect(passes(loopback, host), host).toBe(true);
      }
      for (const host of [
        "evil.example",
        "evil.example:7200",
        "localhost.evil.example",
        "localhost..",
        ".",
        "",
        "127.0.0.1.",
        "::1",
        "127.0.0.2",
      ]) {
        expect(passes(loopback, host), host).toBe(false);
      }
    },
  );

  it("may be missing", () => {
    expect(passes(gate(), undefined)).toBe(true);
  });

  it("may be another one that is allowed by name", () => {
    const allowing = gate({ allowedHosts: ["Queue.example", "other.example:80"] });
    for (const host of [
      "queue.example",
      "QUEUE.example:7200",
      "queue.example.",
      "other.example",
      "localhost",
    ]) {
      expect(passes(allowing, host), host).toBe(true);
    }
    expect(passes(allowing, "x.queue.example")).toBe(false);
  });

  it("is looked at each time, whatever passed before", () => {
    const one = gate();
    expect([passes(one, "localhost"), passes(one, "evil.example"), passes(one, "localhost")]).toEqual([
      true,
      false,
      true,
    ]);
    expect(passes(one, "evil.example")).toBe(false);
  });
});

describe("Host, while the server listens to others", () => {
  it.each(["0.0.0.0", "::", "192.168.1.5", "128.0.0.1"])("may be any, on %s", (address) => {
    expect(passes(gate({ address }), "anything.example:1")).toBe(true);
  });
});

describe("Origin", () => {
  it("is the server's own under the Host that was asked for", () => {
    const open = gate({ address: "0.0.0.0" });
    expect(passes(open, "queue.example:7200", "http://queue.example:7200")).toBe(true);
    expect(passes(open, "queue.example", "https://queue.example")).toBe(true);
    expect(passes(open, "queue.example:443", "https://queue.example")).toBe(true);
    expect(passes(open, "queue.example:7200", "http://queue.example:7201")).toBe(false);
    expect(passes(open, "queue.example:7200", "http://queue.example")).toBe(false);
    expect(passes(open, "queue.example:7200", "http://evil.example:7200")).toBe(false);
    expect(passes(open, undefined, "http://queue.example")).toBe(false);
  });

  it("is the server's own under any of its names, on loopback", () => {
    for (const origin of [
      "http://localhost:7200",
      "http://127.0.0.1:7200",
      "http://[::1]:7200",
      "https://localhost:7200",
      "http://localhost.:7200",
    ]) {
      expect(passes(gate(), "127.0.0.1:7200", origin), origin).toBe(true);
    }
    for (const origin of [
      "http://localhost",
      "http://localhost:7201",
      "ftp://localhost:7200",
      "localhost:7200",
    ]) {
      expect(passes(gate(), "127.0.0.1:7200", origin), origin).toBe(false);
    }
  });

  it("is the server's own on loopback behind a proxy that hands the Host on", () => {
    const behind = gate({ allowedHosts: ["queue.example"] });
    expect(passes(behind, "queue.example", "https://queue.example")).toBe(true);
    expect(passes(behind, "queue.example:8443", "https://queue.example:8443")).toBe(true);
    expect(passes(behind, "queue.example", "https://queue.example:8443")).toBe(false);
    expect(passes(behind, "queue.example", "https://evil.example")).toBe(false);
    expect(passes(behind, "evil.example", "https://evil.example")).toBe(false);
  });

  it.each(["null", "", "://", "http://", "http://localhost:7200, http://evil.example", "javascript:1"])(
    "is foreign where it is none: %j",
    (origin) => {
      expect(passes(gate(), "localhost:7200", origin)).toBe(false);
    },
  );

  it("may be one that is allowed, to the letter", () => {
    const allowing = gate({ corsOrigins: ["https://App.example", "http://localhost:3000"] });
    expect(passes(allowing, "localhost", "https://app.example", "cross-site")).toBe(true);
    expect(passes(allowing, "localhost", "http://localhost:3000", "same-site")).toBe(true);
    for (const origin of ["http://app.example", "https://app.example:444", "https://x.app.example"]) {
      expect(passes(allowing, "localhost", origin), origin).toBe(false);
    }
  });

  it("allowed does not make any Host right", () => {
    expect(
      passes(gate({ corsOrigins: ["https://app.example"] }), "evil.example", "https://app.example"),
    ).toBe(false);
  });
});

describe("Sec-Fetch-Site", () => {
  it("gives away a page of another site that sends no Origin", () => {
    for (const site of ["cross-site", "same-site"]) {
      expect(passes(gate(), "localhost", undefined, site)).toBe(false);
    }
    for (const site of ["same-origin", "none", undefined]) {
      expect(passes(gate(), "localhost", undefined, site)).toBe(true);
    }
  });
});
