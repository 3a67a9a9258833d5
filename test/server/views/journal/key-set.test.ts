/** Keys of JSON Web Tokens: rotation, an issuer that is away, answers that are none. */
import { exportJWK, generateKeyPair } from "jose";
import { expect, test } from "vitest";
import { KeySet, KeysUnavailable } from "../../../../server/views/journal/key-set.ts";
import { ManualRuntime } from "../../../support/manual-runtime.ts";
import { LineLogger } from "../../../support/netlog-fixture.ts";
import { rejection } from "../../../support/rejection.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Issuer {
  readonly set: KeySet;
  readonly runtime: ManualRuntime;
  readonly logger: LineLogger;
  answer: () => Response;
  asked: number;
}

function openSet(): Issuer {
  const runtime = new ManualRuntime();
  const logger = new LineLogger();
  const issuer: { answer: () => Response; asked: number } = {
    answer: () => Response.json({ keys: [] }),
    asked: 0,
  };
  const set = new KeySet({
    url: "https://issuer/keys",
    logger,
    runtime,
    fetch: () => {
      issuer.asked += 1;
      return Promise.resolve().then(() => issuer.answer());
    },
  });
  return Object.assign(issuer, { set, runtime, logger });
}

async function jwk(kid: string): Promise<object> {
  const { publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  return { ...(await exportJWK(publicKey)), kid, alg: "EdDSA" };
}

const find = async ({ set }: Issuer, kid: string): Promise<string> => {
  const token = { payload: "", signature: "" };
  return await Promise.resolve(set.find({ alg: "EdDSA", kid }, token)).then(
    () => "found",
    (error: unknown) => (error instanceof KeysUnavailable ? "unavailable" : (error as { code: string }).code),
  );
};

test("is read once, and again where a token names another key, but at most every 30 s", async () => {
  const issuer = openSet();
  const [first, second] = [await jwk("1"), await jwk("2")];
  issuer.answer = () => Response.json({ keys: [first] });
  expect([await find(issuer, "1"), await find(issuer, "1"), issuer.asked]).toEqual(["found", "found", 1]);
  expect([await find(issuer, "2"), issuer.asked]).toEqual(["ERR_JWKS_NO_MATCHING_KEY", 1]);
  await issuer.runtime.advance(30_000);
  issuer.answer = () => Response.json({ keys: [first, second] });
  const both = await Promise.all([find(issuer, "2"), find(issuer, "2"), find(issuer, "1")]);
  expect([both, issuer.asked]).toEqual([["found", "found", "found"], 2]);
});

test("a key that the issuer has taken back is good for ten minutes at most", async () => {
  const issuer = openSet();
  const [first, second] = [await jwk("1"), await jwk("2")];
  issuer.answer = () => Response.json({ keys: [first] });
  expect(await find(issuer, "1")).toBe("found");
  issuer.answer = () => Response.json({ keys: [second] });
  await issuer.runtime.advance(10 * MINUTE_MS + 1);
  // The first one to ask has the old set, and begins the reading.
  expect([await find(issuer, "1"), issuer.asked]).toEqual(["found", 2]);
  await expect.poll(() => find(issuer, "2")).toBe("found");
  expect([await find(issuer, "1"), await find(issuer, "2")]).toEqual(["ERR_JWKS_NO_MATCHING_KEY", "found"]);
});

test("the last good set is used for a day while the issuer is away", async () => {
  const issuer = openSet();
  const first = await jwk("1");
  issuer.answer = () => Response.json({ keys: [first] });
  expect(await find(issuer, "1")).toBe("found");
  issuer.answer = () => {
    throw new Error("away");
  };
  await issuer.runtime.advance(23 * HOUR_MS);
  expect(await find(issuer, "1")).toBe("found");
  expect(issuer.logger.messages("error")).toEqual([
    "the keys of tokens cannot be read: the last ones are used",
  ]);
  await issuer.runtime.advance(2 * HOUR_MS);
  expect(await find(issuer, "1")).toBe("unavailable");
  await issuer.runtime.advance(MINUTE_MS);
  issuer.answer = () => Response.json({ keys: [first] });
  expect(await find(issuer, "1")).toBe("found");
});

test.each<[string, () => Response]>([
  ["an error", () => new Response("", { status: 500 })],
  ["no JSON", () => new Response("<html>")],
  ["no key set", () => Response.json([])],
  ["more than a MiB", () => new Response("x".repeat(2 ** 20 + 1))],
])("%s is no key set", async (_, answer) => {
  const issuer = openSet();
  issuer.answer = answer;
  expect(await find(issuer, "1")).toBe("unavailable");
  expect(issuer.logger.messages("error")).toEqual([
    "the keys of tokens cannot be read: no token can be checked",
  ]);
});

test("follows no redirect", async () => {
  const options: (RequestInit | undefined)[] = [];
  const set = new KeySet({
    url: "https://issuer/keys",
    logger: new LineLogger(),
    runtime: new ManualRuntime(),
    fetch: (_, init) => {
      options.push(init);
      return Promise.reject(new TypeError("a redirect"));
    },
  });
  await rejection(Promise.resolve(set.find({ alg: "EdDSA" }, { payload: "", signature: "" })));
  expect(options).toMatchObject([{ redirect: "error" }]);
});
