/** What a server needs before others can reach it, and files that stop its start. */
import { writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { SERVE_OPTIONS } from "../../../cmd/options/options.ts";
import { parseOptions } from "../../../cmd/options/parse-options.ts";
import { readCredentials } from "../../../cmd/serve/credentials.ts";
import { checkStart, openStartWarnings, type Start } from "../../../cmd/serve/start-rules.ts";
import type { Certificate } from "../../../server/http/certificate.ts";
import { testCertificate } from "../../support/certificate.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function start(args: readonly string[], environment: Record<string, string> = {}): Promise<Start> {
  return checkStart(parseOptions(SERVE_OPTIONS, args, environment));
}

function warnings(...args: readonly string[]): string[] {
  return openStartWarnings(parseOptions(SERVE_OPTIONS, args, {}));
}

describe("on loopback", () => {
  test.each(["127.0.0.1:0", "[::1]:0", "127.0.0.53:0", "[::ffff:127.0.0.1]:0"])(
    "a server starts as it is: -listen %s",
    async (listen) => {
      const { host, isOpen } = await start(["-listen", listen]);
      expect(isOpen).toBe(false);
      expect(listen).toContain(host);
    },
  );

  test.each(["localhost:0", "LOCALHOST:0"])("a name counts as what it stands for: %s", async (listen) => {
    const { host, isOpen } = await start(["-listen", listen]);
    expect(isOpen).toBe(false);
    expect(["127.0.0.1", "::1"]).toContain(host);
  });
});

describe("where others can reach it", () => {
  test.each([":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"])(
    "a server needs tokens, or --insecure by name: -listen %s",
    async (listen) => {
      await expect(start(["-listen", listen])).rejects.toThrow(
        /^others can reach .*, and there are no tokens: .*--token-file .*netlog token create.* --insecure \(NETLOG_INSECURE=1\)$/,
      );
      await expect(start([], { NETLOG_LISTEN: listen, NETLOG_INSECURE: "0" })).rejects.toThrow("no tokens");
      for (const args of [["--insecure"], ["--token-file", "tokens.json"]]) {
        expect(await start(["-listen", listen, ...args])).toMatchObject({ isOpen: true });
      }
      expect(await start(["-listen", listen], { NETLOG_INSECURE: "1" })).toMatchObject({ isOpen: true });
    },
  );

  test("a warning says what is left open", () => {
    expect(warnings("--insecure")).toEqual([
      expect.stringContaining("no tokens: everybody who reaches the server"),
    ]);
    const tokens = ["--token-file", "tokens.json"];
    expect(warnings(...tokens)).toEqual([expect.stringContaining("no TLS: tokens and messages can be read")]);
    expect(warnings(...tokens, "--tls-cert", "a", "--tls-key", "b")).toEqual([]);
    expect(warnings(...tokens, "--trusted-proxy", "10.0.0.0/8")).toEqual([]);
  });
});

test("gRPC has an address of its own", async () => {
  const both = (listen: string, grpc: string) => start(["--listen", listen, "--grpc-listen", grpc]);
  for (const grpc of ["127.0.0.1:7200", ":7200"]) {
    await expect(both("127.0.0.1:7200", grpc)).rejects.toThrow(
      "--listen and --grpc-listen both name port 7200; give gRPC another one",
    );
  }
  expect(await both("127.0.0.1:7200", "127.0.0.2:7200")).toMatchObject({ grpcHost: "127.0.0.2" });
  expect(await both("127.0.0.1:0", "127.0.0.1:0")).toMatchObject({ grpcHost: "127.0.0.1" });
});

test("half a certificate is refused", async () => {
  for (const half of ["--tls-cert", "--tls-key"]) {
    await expect(start([half, "x.pem"])).rejects.toThrow("--tls-cert and --tls-key need each other");
  }
});

test("an empty path of a token file is a slip, not a server without tokens", () => {
  expect(() => parseOptions(SERVE_OPTIONS, ["--token-file", ""], {})).toThrow(
    '--token-file: "" is not allowed; it takes the path of a file, or none',
  );
});

describe("an error about a file that cannot be used has its path and the reason, and never quotes it", () => {
  let pair: Certificate;
  let other: Certificate;
  beforeAll(async () => {
    pair = await testCertificate();
    other = await testCertificate();
  });

  function complaint(files: { tokenFile?: string; tlsCert?: string; tlsKey?: string }): string {
    try {
      readCredentials({ tokenFile: "", tlsCert: "", tlsKey: "", ...files });
    } catch (error) {
      return String(error);
    }
    return "none";
  }

  test.each([
    [undefined, "does not exist"],
    ["", "cannot be used: it is not JSON"],
    ["-----BEGIN PRIVATE KEY-----", "cannot be used: it is not JSON"],
    ['{"tokens":[{"name":"ci"}]}', 'cannot be used: tokens[0] ("ci"): topics takes'],
    [" ".repeat(1024 * 1024 + 1), "has 1048577 bytes, more than 1048576"],
  ])("tokens: %.40j", (text, reason) => {
    const tokenFile = `${temporaryFolder()}/tokens.json`;
    if (text !== undefined) writeFileSync(tokenFile, text);
    const told = complaint({ tokenFile });
    expect(told).toContain(`the token file ${tokenFile} ${reason}`);
    expect(told).not.toContain("BEGIN");
  });

  test("tokens: a folder", () => {
    expect(complaint({ tokenFile: temporaryFolder() })).toContain("is no regular file");
  });

  test("certificate and key: missing, exchanged, of another one", () => {
    const folder = temporaryFolder();
    const file = (name: string, text: string): string => {
      writeFileSync(`${folder}/${name}`, text);
      return `${folder}/${name}`;
    };
    const [cert, key] = [file("cert.pem", pair.cert), file("key.pem", pair.key)];
    const missing = `${folder}/missing.pem`;
    const cases = [
      [missing, key, `the certificate ${missing} does not exist`],
      [cert, missing, `the private key ${missing} does not exist`],
      [key, key, "the certificate is not in PEM form"],
      [cert, cert, "the key is not an unencrypted private key in PEM form"],
      [cert, file("other.pem", other.key), "the key is another certificate's"],
    ] as const;
    for (const [tlsCert, tlsKey, reason] of cases) {
      const told = complaint({ tlsCert, tlsKey });
      expect(told).toContain(reason);
      expect(told).not.toContain("BEGIN");
    }
    expect(complaint({ tlsCert: cert, tlsKey: key })).toBe("none");
  });
});
