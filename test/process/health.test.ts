import { rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { builtServerForTest, runProgram } from "../support/built-program.ts";
import { testCertificate } from "../support/certificate.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("netlog health finds the server by the environment, and tells what it answers", async () => {
  const { port } = await builtServerForTest(temporaryFolder());
  const environment = { NETLOG_LISTEN: `127.0.0.1:${port}` };
  expect(await runProgram(["health"], { environment })).toMatchObject({
    status: 0,
    stdout: '{"ok":true}\n',
    stderr: "",
  });
  expect(await runProgram(["health", "--ready"], { environment })).toMatchObject({
    status: 0,
    stdout: '{"ok":true,"failed":[]}\n',
  });
});

test("netlog health of a server on all addresses, by its configuration file, under TLS", async () => {
  const folder = temporaryFolder();
  const { cert, key } = await testCertificate();
  writeFileSync(`${folder}/cert.pem`, cert);
  writeFileSync(`${folder}/key.pem`, key);
  const tls = ["--tls-cert", `${folder}/cert.pem`, "--tls-key", `${folder}/key.pem`];
  const { port } = await builtServerForTest(`${folder}/data`, ["-listen", ":0", "--insecure", ...tls]);
  writeFileSync(`${folder}/netlog.toml`, `listen = ":${port}"\ntls_cert = "${folder}/cert.pem"`);
  expect(await runProgram(["health", "--config", `${folder}/netlog.toml`])).toMatchObject({
    status: 0,
    stdout: '{"ok":true}\n',
    stderr: "",
  });
  expect(await runProgram(["health", "--listen", `:${port}`])).toMatchObject({
    status: 1,
    stderr: `netlog: no answer from localhost:${port} (ECONNRESET): where it speaks TLS, --tls-cert says so\n`,
  });
});

test("netlog health fails where a server is not ready, and where nobody answers", async () => {
  const folder = `${temporaryFolder()}/data`;
  const server = await builtServerForTest(folder);
  const listen = ["-listen", `127.0.0.1:${server.port}`];
  rmSync(folder, { recursive: true });
  expect(await runProgram(["health", ...listen])).toMatchObject({ status: 0 });
  expect(await runProgram(["health", ...listen, "--ready"])).toMatchObject({
    status: 1,
    stdout: expect.stringContaining("the data folder is gone"),
  });
  await server.kill();
  expect(await runProgram(["health", ...listen])).toEqual({
    status: 1,
    signal: null,
    stdout: "",
    stderr: `netlog: no answer from 127.0.0.1:${server.port} (ECONNREFUSED): is the server running? --listen says where it is\n`,
  });
});
