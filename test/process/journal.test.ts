/** The built program with the journal: who may ask, and with which certificate. */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { type BuiltServer, runProgram, startBuiltServer } from "../support/built-program.ts";
import { testCertificate } from "../support/certificate.ts";
import { fillPgliteFolder } from "../support/pglite.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const FREE_PORT = ["--view-set", "journal.HTTP_PORT=0"];
const OPEN = ["--view", "journal", "--view-set", "journal.HTTP_PORT=0,journal.AUTH=none"];

async function apiOf(server: BuiltServer): Promise<string> {
  const { url } = await server.logged("the api of journal listens");
  return String(url);
}

test("without tokens it says what to do, on an open address it does not let everybody in, and a token is whose it says", async () => {
  const folder = temporaryFolder();
  const listen = ["--listen", "127.0.0.1:0", "--dir", join(folder, "data")];
  const none = await runProgram(["serve", ...listen, "--view", "journal", ...FREE_PORT]);
  expect([none.status, none.stderr]).toEqual([
    2,
    expect.stringContaining("tokens where the server has a --token-file"),
  ]);
  const open = await runProgram([
    "serve",
    ...listen,
    ...OPEN,
    "--insecure",
    "--view-set",
    "journal.HTTP_HOST=0.0.0.0",
  ]);
  expect([open.status, open.stderr]).toEqual([2, expect.stringContaining("does not ask who they are there")]);
  const tokenFile = join(folder, "tokens.json");
  const create = (...args: readonly string[]): ReturnType<typeof runProgram> =>
    runProgram(["token", "create", "--token-file", tokenFile, ...args]);
  const ana = (await create("--name", "ana", "--user", "ana", "--domains", "d")).stdout.trim();
  expect(readFileSync(tokenFile, "utf8")).toContain('"user": "ana"');
  await fillPgliteFolder(join(folder, "data/.views"));
  const server = await startBuiltServer(join(folder, "data"), [
    "--token-file",
    tokenFile,
    "--view",
    "journal",
    ...FREE_PORT,
  ]);
  const api = await apiOf(server);
  const ask = async (path: string, token?: string): Promise<number> =>
    (
      await fetch(`${api}${path}`, {
        headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      })
    ).status;
  const paths = ["/journal/user/ana", "/journal/user/bo", "/d/journal/client/c", "/e/journal/client/c"];
  expect(await Promise.all(paths.map((path) => ask(path)))).toEqual([401, 401, 401, 401]);
  await expect.poll(() => ask("/journal/user/ana", ana)).toBe(200);
  expect(await Promise.all(paths.map((path) => ask(path, ana)))).toEqual([200, 403, 200, 403]);
  await server.stop();
});

test("SIGHUP has the certificate of the journal's own port read again, and a broken one changes nothing", async () => {
  const folder = temporaryFolder();
  await fillPgliteFolder(join(folder, ".views"));
  const [certPath, keyPath] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const renew = async (): Promise<string> => {
    const { cert, key } = await testCertificate();
    writeFileSync(certPath, cert);
    writeFileSync(keyPath, key);
    return cert.trim();
  };
  const first = await renew();
  const files = `journal.HTTP_SERVER_CERT=${certPath},journal.HTTP_SERVER_KEY=${keyPath}`;
  const server = await startBuiltServer(folder, [...OPEN, "--view-set", files]);
  const { port } = new URL(await apiOf(server));
  const shown = async (): Promise<string | undefined> => {
    const socket = connect({ host: "127.0.0.1", port: Number(port), rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const shownNow = socket.getPeerX509Certificate()?.toString().trim();
    socket.destroy();
    return shownNow;
  };
  expect(await shown()).toBe(first);
  const second = await renew();
  server.signal("SIGHUP");
  await expect.poll(shown).toBe(second);
  writeFileSync(certPath, "broken");
  server.signal("SIGHUP");
  const errors = (): readonly unknown[] => server.logLines().filter(({ level }) => level === "error");
  await expect.poll(errors).toMatchObject([{ msg: expect.stringContaining("what was read before stays") }]);
  expect(await shown()).toBe(second);
  await server.stop();
});
