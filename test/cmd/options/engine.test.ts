/** Which options an engine needs, and which it excludes. */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { UsageError } from "../../../cmd/cli/usage-error.ts";
import { CredentialError, readEngineCredentials } from "../../../cmd/options/credential-files.ts";
import { parseServeOptions } from "../../../cmd/options/parse-options.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const ENGINE = "--engine=nats://a:4222,tls://b:4222";

function complaint(args: readonly string[], environment: Record<string, string> = {}): string {
  try {
    parseServeOptions(args, environment);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "no complaint";
}

test("an engine takes servers, a prefix, copies and the place of this server", () => {
  const args = [ENGINE, "--engine-prefix=shop", "--engine-copies=1", "--advertise=http://queue-1:7200"];
  expect(parseServeOptions(args, {})).toMatchObject({
    engine: ["nats://a:4222", "tls://b:4222"],
    enginePrefix: "shop",
    engineCopies: 1,
    advertise: "http://queue-1:7200",
  });
});

test.each([
  [["--engine=http://a:4222"], /takes URLs such as nats:/],
  [["--engine=a:4222"], /takes URLs such as nats:/],
  [[ENGINE, "--engine-copies=2"], /takes an odd number from 1 to 5/],
  [[ENGINE, "--engine-prefix=netlogs"], /not ending with s/],
  [[ENGINE, "--advertise=queue-1:7200"], /takes an origin such as/],
  [["--engine-copies=1"], /^--engine-copies needs --engine/],
  [["--advertise=http://a:1"], /^--advertise needs --engine/],
  [[ENGINE, "--dir=data"], /^--dir and --engine exclude each other/],
  [[ENGINE, "--view=payloads"], /^views run beside a server with --engine/],
])("%j is refused", (args, words) => {
  expect(complaint(args)).toMatch(words);
});

test("a folder that the file names excludes an engine; that of an image's environment is passed over", () => {
  const path = `${temporaryFolder()}/netlog.toml`;
  writeFileSync(path, 'dir = "data"\n');
  expect(complaint([ENGINE, `--config=${path}`])).toMatch(/exclude each other/);
  expect(complaint([ENGINE], { NETLOG_DIR: "/data" })).toBe("no complaint");
});

test("a password of NATS is not shown", () => {
  expect(complaint(["--engine=nats://me:secret@a:4222/x"])).not.toContain("secret");
});

test("a file of credentials is a .creds file, or a line with user and password", () => {
  const path = `${temporaryFolder()}/credentials`;
  const read = (text: string): string | undefined => {
    writeFileSync(path, text);
    return readEngineCredentials(path);
  };
  const creds =
    "-----BEGIN NATS USER JWT-----\na\n------END NATS USER JWT------\n-----BEGIN USER NKEY SEED-----\nb\n";
  for (const text of ["netlog:se:cret word\n", creds]) expect(read(text)).toBe(text);
  for (const text of ["", "netlog\n", "a:b\nc:d\n", "-----BEGIN CERTIFICATE-----\n"]) {
    expect(() => read(text)).toThrow(CredentialError);
  }
  expect(readEngineCredentials("")).toBeUndefined();
});
