/** What a server must be told before others can reach it. */
import { lookup } from "node:dns/promises";
import { writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { expect, onTestFinished, test } from "vitest";
import { formatTokenFile } from "../../server/auth/token-record.ts";
import { runProgram, startServing } from "../support/built-program.ts";
import { testCertificate } from "../support/certificate.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const LOOPBACK_6 = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === "::1");
if (!LOOPBACK_6) console.warn("SKIPPED: starting on [::1] needs IPv6 on loopback, and there is none");

async function startsOn(args: readonly string[], environment: Record<string, string> = {}): Promise<string> {
  const server = await startServing(["serve", "-dir", temporaryFolder(), ...args], { environment });
  onTestFinished(async () => {
    await server.kill();
  });
  const reply = await fetch(`http://localhost:${server.port}/-/health`).catch(() => undefined);
  const answer = reply ?? (await fetch(`${server.url}/-/health`));
  expect(answer.status).toBe(200);
  return server
    .logLines()
    .map(({ level, msg }) => `${String(level)}: ${String(msg)}`)
    .join("\n");
}

/** One line, and the status of a wrong command line. */
async function refusal(args: readonly string[], environment: Record<string, string> = {}): Promise<string> {
  const dir = `${temporaryFolder()}/data`;
  const { status, stdout, stderr } = await runProgram(["serve", "-dir", dir, ...args], { environment });
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(/^netlog: [^\n]+\n$/);
  return stderr;
}

function tokenFile(): string {
  const path = `${temporaryFolder()}/tokens.json`;
  writeFileSync(path, formatTokenFile([]), { mode: 0o600 });
  return path;
}

test.each(["127.0.0.1:0", "localhost:0"])("starts on loopback as it is: -listen %s", async (listen) => {
  expect(await startsOn(["-listen", listen])).not.toContain("warn");
});

test.skipIf(!LOOPBACK_6)("starts on loopback as it is: -listen [::1]:0", async () => {
  expect(await startsOn(["-listen", "[::1]:0"])).not.toContain("warn");
});

test.each([":0", "0.0.0.0:0", "[::]:0"])(
  "needs tokens, or --insecure by name: -listen %s",
  async (listen) => {
    const line = await refusal(["-listen", listen]);
    expect(line).toContain(`others can reach ${listen}, and there are no tokens`);
    expect(line).toMatch(/--token-file .*netlog token create.* --insecure \(NETLOG_INSECURE=1\)/);
    expect(await refusal([], { NETLOG_LISTEN: listen, NETLOG_INSECURE: "0" })).toBe(line);
  },
);

test("starts on an open address with --insecure, however that is said, and warns of it", async () => {
  const warning = "warn: no tokens: whoever reaches the server may read, write and delete";
  expect(await startsOn(["-listen", ":0", "--insecure"])).toContain(warning);
  expect(await startsOn(["-listen", ":0"], { NETLOG_INSECURE: "1" })).toContain(warning);
});

test("starts on an open address with a token file, and warns where nobody holds one or nothing encrypts", async () => {
  const path = tokenFile();
  const log = await startsOn(["-listen", ":0", "--token-file", path]);
  expect(log).toContain("warn: the token file holds no tokens: nobody may use the server");
  expect(log).toContain("warn: no TLS: tokens and messages can be read on their way");
  const proxied = await startsOn(["-listen", ":0", "--trusted-proxy", "10.0.0.0/8"], {
    NETLOG_TOKEN_FILE: path,
  });
  expect(proxied).not.toContain("no TLS");
});

test("a name counts as what it stands for", async () => {
  const { address } = await lookup("localhost");
  expect(["127.0.0.1", "::1"]).toContain(address);
  expect(await startsOn(["-listen", "LOCALHOST:0"])).not.toContain("warn");
});

test("an empty path of a token file is a slip, not a server without tokens", async () => {
  expect(await refusal(["-listen", "127.0.0.1:0", "--token-file", ""])).toContain(
    '--token-file: "" is not allowed; it takes the path of a file, or none',
  );
});

test("half a certificate is refused", async () => {
  for (const half of ["--tls-cert", "--tls-key"]) {
    expect(await refusal(["-listen", "127.0.0.1:0", half, "x.pem"])).toBe(
      "netlog: --tls-cert and --tls-key need each other\n",
    );
  }
});

test("files that cannot be used stop the start with one line that says which, and why", async () => {
  const folder = temporaryFolder();
  const file = (name: string, text: string): string => {
    writeFileSync(`${folder}/${name}`, text);
    return `${folder}/${name}`;
  };
  const { cert, key } = await testCertificate();
  const other = await testCertificate();
  const good = { cert: file("cert.pem", cert), key: file("key.pem", key) };
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["--token-file", `${folder}/none.json`], "none.json does not exist"],
    [["--token-file", folder], "is no regular file"],
    [["--token-file", file("empty.json", "")], "empty.json cannot be used: it is not JSON"],
    [["--token-file", good.key], "key.pem cannot be used: it is not JSON"],
    [["--token-file", file("a.json", '{"tokens":[{"name":"ci"}]}')], 'tokens[0] ("ci"): topics takes'],
    [["--token-file", file("big.json", " ".repeat(1024 * 1024 + 1))], "has 1048577 bytes, more than 1048576"],
    [["--tls-cert", good.cert, "--tls-key", `${folder}/none.pem`], "the private key"],
    [["--tls-cert", `${folder}/none.pem`, "--tls-key", good.key], "the certificate"],
    [["--tls-cert", good.key, "--tls-key", good.key], "the certificate is not in PEM form"],
    [
      ["--tls-cert", good.cert, "--tls-key", good.cert],
      "the key is not an unencrypted private key in PEM form",
    ],
    [
      ["--tls-cert", good.cert, "--tls-key", file("other.pem", other.key)],
      "the key is another certificate's",
    ],
  ];
  const runs = cases.map(async ([args, reason]) => {
    const dir = `${folder}/data-${args.join("-").replaceAll("/", "")}`;
    const { status, stderr } = await runProgram([
      "serve",
      "-listen",
      "127.0.0.1:0",
      "-dir",
      dir.slice(0, 200),
      ...args,
    ]);
    expect({ status, lines: stderr.split("\n").length }, stderr).toEqual({ status: 1, lines: 2 });
    expect(stderr).toContain(reason);
    expect(stderr).not.toContain("BEGIN");
  });
  await Promise.all(runs);
});
