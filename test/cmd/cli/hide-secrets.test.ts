import { expect, test } from "vitest";
import { hideArgumentSecrets, hideSettingSecrets, hideUrlSecrets } from "../../../cmd/cli/hide-secrets.ts";

test.each([
  ["postgres://netlog@host:5432/db", "postgres://netlog@host:5432/db"],
  ["postgres://host:5432/db", "postgres://host:5432/db"],
  ["postgres://netlog@/db?host=%2Frun", "postgres://netlog@/db?host=%2Frun"],
  ["postgres://netlog:secret@host/db", "postgres://netlog:***@host/db"],
  ["postgresql://netlog:sec@re/t?://x@host:5432/db", "postgresql://netlog:***@host:5432/db"],
  [
    "postgres://host/db?user=a&password=secret&sslmode=require",
    "postgres://host/db?user=a&password=***&sslmode=require",
  ],
  ["netlog:secret@host", "netlog:***@host"],
  ["host=a password=secret user=b", "host=a password=*** user=b"],
  ["mysql://a:secret@host", "mysql://a:***@host"],
  ["pglite", "pglite"],
  ["nats://token@a:4222,nats://user:p@ss@b:4222,nats://c", "nats://***@a:4222,nats://***@b:4222,nats://c"],
  ["tls://user:secret@a:4222", "tls://***@a:4222"],
])("hides the password of %s", (url, shown) => {
  expect(hideUrlSecrets(url)).toBe(shown);
});

test("hides the secrets of settings, whatever they hold, and nothing else", () => {
  const settings = "payloads.DB_PASSWORD=a,b=c,payloads.PUBLICPORT=1,journal.API_TOKEN_1=x";
  expect(hideSettingSecrets(settings)).toBe(
    "payloads.DB_PASSWORD=***,payloads.PUBLICPORT=1,journal.API_TOKEN_1=***",
  );
});

test("hides what arguments of the program hold, and leaves arguments without a secret alone", () => {
  const args = [
    "cmd/netlog.cjs",
    "serve",
    "--db=postgres://a:secret@host",
    "--view-set",
    "payloads.DB_PASSWORD=x",
  ];
  expect(hideArgumentSecrets(args)).toBe(
    "cmd/netlog.cjs serve --db=postgres://a:***@host --view-set payloads.DB_PASSWORD=***",
  );
  expect(hideArgumentSecrets(["cmd/netlog.cjs", "serve", "--engine", "nats://a:b@c"])).toBe(
    "cmd/netlog.cjs serve --engine nats://***@c",
  );
  expect(hideArgumentSecrets(["cmd/netlog.cjs", "publish", "a", "http://a:b@c"])).toBeUndefined();
});
