/** Who may ask the journal, in its three modes, and what the others get. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { EITHER_DATABASE, type TestDatabase } from "../../../support/views/databases.ts";
import {
  type JournalAnswer,
  type JournalServer,
  journalForTest,
  tokenOf,
} from "../../../support/views/journal-server.ts";

let opened: TestDatabase;
beforeAll(async () => {
  opened = await EITHER_DATABASE.open();
});
afterEach(() => opened.clear());
afterAll(() => opened.close());

const USER = "/journal/user/u";
const ENTITY = "/d/journal/client/c";
const TELEMETRY = "/d/journal/client/c/telemetry";
const HOURS = `${TELEMETRY}/hours`;
const MISSING = [401, '{"message":"missing or invalid bearer user token"}\n'];
const FAILED = [401, '{"message":"failed to perform authentication over the entity"}\n'];
const FORBIDDEN = [403, '{"message":"failed to perform authorization over the entity"}\n'];
const NOT_VERIFIED = [401, '{"message":"email not verified"}\n'];

const told = ({ status, text }: JournalAnswer): readonly unknown[] => [status, text];

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

async function statuses(server: JournalServer, token: string): Promise<readonly number[]> {
  const paths = [USER, "/journal/user/another", ENTITY, TELEMETRY, "/another/journal/client/c"];
  return await Promise.all(paths.map(async (path) => (await server.get(path, bearer(token))).status));
}

test("in the mode none everybody may ask, on loopback alone", async () => {
  const server = await journalForTest(opened.database);
  expect([(await server.get(USER)).status, (await server.get(ENTITY)).status]).toEqual([200, 200]);
  expect((await server.get("/-/session")).text).toBe('{"domains":[],"platform_admin":true}\n');
  expect(server.asked).toMatchObject({ isLocal: true, isGuarded: false });
});

describe("with the server's tokens", () => {
  const open = (): Promise<JournalServer> =>
    journalForTest(opened.database, {
      variables: { AUTH: "tokens" },
      server: {
        tokens: [
          tokenOf("member", { user: "u", domains: ["d"] }),
          tokenOf("admin", { platform_admin: true }),
          tokenOf("nobody", {}),
        ],
      },
    });

  test("a missing token and a wrong one are 401, before anything else is looked at", async () => {
    const server = await open();
    for (const path of [USER, ENTITY, TELEMETRY, HOURS, `${USER}?limit=wrong`, "//journal/client/c"]) {
      expect(told(await server.get(path)), path).toEqual(MISSING);
      expect(told(await server.get(path, bearer("wrong"))), path).toEqual(FAILED);
    }
    expect((await server.get(USER)).headers.get("www-authenticate")).toBe("Bearer");
  });

  test("who is in a domain reads its entities, and the own journal; an admin reads everything; others nothing", async () => {
    const server = await open();
    await server.apply(["client.create", { id: "c", domain: "d" }]);
    expect(await statuses(server, "member")).toEqual([200, 403, 200, 200, 403]);
    expect(await statuses(server, "admin")).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses(server, "nobody")).toEqual([403, 403, 403, 403, 403]);
    expect(told(await server.get("/another/journal/client/c", bearer("member")))).toEqual(FORBIDDEN);
  });

  test("a wrong parameter wins over a missing right, and that over what is not there", async () => {
    const server = await open();
    expect((await server.get(`${ENTITY}?limit=101`, bearer("nobody"))).status).toBe(400);
    for (const [path, wrong] of [
      [TELEMETRY, TELEMETRY.replace("d", "another")],
      [HOURS, HOURS.replace("d", "another")],
    ] as const) {
      expect((await server.get(wrong, bearer("member"))).status).toBe(403);
      expect((await server.get(path, bearer("member"))).status).toBe(404);
    }
  });

  test("whose a token is, its owner may ask", async () => {
    const server = await open();
    const session = async (token: string): Promise<unknown> =>
      JSON.parse((await server.get("/-/session", bearer(token))).text);
    expect(await session("member")).toEqual({ user: "u", domains: ["d"], platform_admin: false });
    expect(await session("admin")).toEqual({ domains: [], platform_admin: true });
    expect(await session("nobody")).toEqual({ domains: [], platform_admin: false });
    expect(told(await server.get("/-/session"))).toEqual(MISSING);
    expect(told(await server.get("/-/session", bearer("wrong")))).toEqual(FAILED);
  });

  test("without a token file the journal does not start", async () => {
    await expect(journalForTest(opened.database, { variables: { AUTH: "tokens" } })).rejects.toThrow(
      "AUTH takes none (everybody may ask, on loopback alone), jwks",
    );
  });

  test("health and probes need no token", async () => {
    const server = await open();
    const paths = ["/health", "/live", "/ready"];
    expect(await Promise.all(paths.map(async (path) => (await server.get(path)).status))).toEqual([
      200, 200, 200,
    ]);
  });
});

interface Issuer {
  readonly url: string;
  keys: object[];
  requestCount: number;
  readonly server: Server;
}

async function openIssuer(): Promise<Issuer> {
  const issuer = { url: "", keys: [] as object[], requestCount: 0, server: createServer() };
  issuer.server.on("request", (_, response) => {
    issuer.requestCount += 1;
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ keys: issuer.keys }));
  });
  await new Promise<void>((resolve) => issuer.server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void issuer.server.close());
  issuer.url = `http://127.0.0.1:${(issuer.server.address() as AddressInfo).port}/keys`;
  return issuer;
}

type Claims = Readonly<Record<string, unknown>>;

async function keyOf(alg: string, kid: string) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: "sig" };
  const now = Math.floor(Date.now() / 1000);
  const sign = (claims: Claims = {}, header: object = {}): Promise<string> =>
    new SignJWT({
      iss: "https://issuer",
      aud: "journal",
      sub: "u",
      domains: ["d"],
      exp: now + 300,
      ...claims,
    })
      .setProtectedHeader({ alg, kid, ...header })
      .sign(privateKey);
  return { jwk, sign, now };
}

describe("with JSON Web Tokens", () => {
  const open = async (
    issuer: Issuer,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<JournalServer> => {
    const jwt = { AUTH: "jwks", JWKS_URL: issuer.url, JWT_ISSUER: "https://issuer", JWT_AUDIENCE: "journal" };
    const server = await journalForTest(opened.database, { variables: { ...jwt, ...variables } });
    await server.apply(["client.create", { id: "c", domain: "d" }]);
    return server;
  };

  test.each(["RS256", "ES256", "EdDSA"])(
    "%s: members, admins and others have what is theirs",
    async (alg) => {
      const issuer = await openIssuer();
      const key = await keyOf(alg, "1");
      issuer.keys = [key.jwk];
      const server = await open(issuer);
      expect(await statuses(server, await key.sign())).toEqual([200, 403, 200, 200, 403]);
      expect(await statuses(server, await key.sign({ role: "admin" }))).toEqual([200, 200, 200, 200, 200]);
      expect(await statuses(server, await key.sign({ domains: [] }))).toEqual([200, 403, 403, 403, 403]);
      expect(told(await server.get(ENTITY, bearer(await key.sign({ sub: "v", domains: "x" }))))).toEqual(
        FORBIDDEN,
      );
      expect(server.asked).toMatchObject({ isLocal: false, isGuarded: true });
      expect(issuer.requestCount).toBe(1);
    },
  );

  test("what is wrong with a token is 401", async () => {
    const issuer = await openIssuer();
    const key = await keyOf("ES256", "1");
    const other = await keyOf("ES256", "1");
    issuer.keys = [key.jwk];
    const server = await open(issuer);
    const { now } = key;
    const wrong = {
      "another key's signature": await other.sign(),
      "an unknown key": await key.sign({}, { kid: "2" }),
      "an issuer": await key.sign({ iss: "https://another" }),
      "an audience": await key.sign({ aud: "another" }),
      "an end more than a minute ago": await key.sign({ exp: now - 70 }),
      "a beginning in more than a minute": await key.sign({ nbf: now + 70 }),
      "no user": await key.sign({ sub: "" }),
      "no token": "x.y.z",
      "no signature": `${Buffer.from('{"alg":"none"}').toString("base64url")}.e30.`,
    };
    for (const [what, token] of Object.entries(wrong)) {
      expect(told(await server.get(ENTITY, bearer(token))), what).toEqual(FAILED);
    }
    for (const headers of [{}, { Authorization: "Bearer" }, { Authorization: "Basic dTp4" }]) {
      expect(told(await server.get(ENTITY, headers as Record<string, string>))).toEqual(MISSING);
    }
    const good = { "an end a moment ago": { exp: now - 30 }, "a beginning in a moment": { nbf: now + 30 } };
    for (const [what, claims] of Object.entries(good)) {
      expect((await server.get(ENTITY, bearer(await key.sign(claims)))).status, what).toBe(200);
    }
  });

  test("a token without an end is 401, and so is an algorithm that is not allowed", async () => {
    const issuer = await openIssuer();
    const key = await keyOf("ES256", "1");
    issuer.keys = [key.jwk];
    const server = await open(issuer, { JWT_ALGORITHM: "RS256" });
    expect(told(await server.get(ENTITY, bearer(await key.sign())))).toEqual(FAILED);
    const all = await open(issuer);
    expect(told(await all.get(ENTITY, bearer(await key.sign({ exp: undefined }))))).toEqual(FAILED);
  });

  test("a user whose address is not verified is 401, unless that is allowed, or it is an admin", async () => {
    const issuer = await openIssuer();
    const key = await keyOf("EdDSA", "1");
    issuer.keys = [key.jwk];
    const server = await open(issuer);
    const unverified = bearer(await key.sign({ email_verified: false }));
    expect(told(await server.get(ENTITY, unverified))).toEqual(NOT_VERIFIED);
    const admin = await key.sign({ email_verified: false, role: ["x", "admin"] });
    expect((await server.get(ENTITY, bearer(admin))).status).toBe(200);
    const lenient = await open(issuer, { ALLOW_UNVERIFIED_USER: "true" });
    expect((await lenient.get(ENTITY, unverified)).status).toBe(200);
  });

  test("a token that names no key may be any key's of the issuer", async () => {
    const issuer = await openIssuer();
    const [old, present, foreign] = [
      await keyOf("ES256", "1"),
      await keyOf("ES256", "2"),
      await keyOf("ES256", "3"),
    ];
    issuer.keys = [old.jwk, present.jwk];
    const server = await open(issuer);
    const nameless = { kid: undefined };
    expect((await server.get(ENTITY, bearer(await present.sign({}, nameless)))).status).toBe(200);
    expect(told(await server.get(ENTITY, bearer(await foreign.sign({}, nameless))))).toEqual(FAILED);
    const late = await present.sign({ exp: present.now - 90 }, nameless);
    expect(told(await server.get(ENTITY, bearer(late)))).toEqual(FAILED);
  });

  test("a key of the issuer that is broken is 503 for its tokens, and no other", async () => {
    const issuer = await openIssuer();
    const [key, other] = [await keyOf("ES256", "1"), await keyOf("ES256", "2")];
    issuer.keys = [{ ...key.jwk, x: "AAAA" }, other.jwk];
    const server = await open(issuer);
    expect(told(await server.get(ENTITY, bearer(await key.sign())))).toEqual([
      503,
      '{"message":"the issuer\'s key for this token is broken; try again later"}\n',
    ]);
    expect((await server.get(ENTITY, bearer(await other.sign()))).status).toBe(200);
  });

  test("claims may have other names", async () => {
    const issuer = await openIssuer();
    const key = await keyOf("EdDSA", "1");
    issuer.keys = [key.jwk];
    const server = await open(issuer, {
      JWT_USER_CLAIM: "user_id",
      JWT_DOMAINS_CLAIM: "orgs",
      JWT_ROLE_CLAIM: "roles",
      JWT_ADMIN_ROLE: "root",
    });
    const member = await key.sign({ sub: "x", user_id: "u", domains: undefined, orgs: ["another"] });
    expect(await statuses(server, member)).toEqual([200, 403, 403, 403, 200]);
    const admin = await key.sign({ user_id: "a", roles: ["root"] });
    expect(await statuses(server, admin)).toEqual([200, 200, 200, 200, 200]);
    expect(told(await server.get(ENTITY, bearer(await key.sign())))).toEqual(FAILED);
  });

  test("while the issuer has never answered, the answer is 503 and says so", async () => {
    const issuer = await openIssuer();
    const key = await keyOf("EdDSA", "1");
    issuer.server.close();
    const server = await open(issuer);
    const { status, text, headers } = await server.get(ENTITY, bearer(await key.sign()));
    expect([status, headers.get("retry-after"), text]).toEqual([
      503,
      "30",
      '{"message":"the keys of tokens cannot be read from their issuer; try again later"}\n',
    ]);
  });
});
