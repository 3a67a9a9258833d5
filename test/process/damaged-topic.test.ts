import { join } from "node:path";
import { expect, test } from "vitest";
import { builtServerForTest, type Finished, runProgram } from "../support/built-program.ts";
import { flipBitOf } from "../support/damage-fixture.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Header of the file; and the frames of `message 0`, `message 1`: 40 bytes, 9 of message header, 9 of payload. */
const HEADER_BYTES = 24;
const FRAME_BYTES = 58;

test("commands say what is damaged, and leave it out only where that can be told", async () => {
  const folder = temporaryFolder();
  const before = await builtServerForTest(folder);
  await fetch(`${before.url}/t`, { method: "POST" });
  for (let i = 0; i < 5; i++) {
    // As bytes: fetch gives a text a content type, which would be kept.
    await fetch(`${before.url}/t/payload`, { method: "POST", body: Buffer.from(`message ${i}`) });
  }
  await before.stop();
  flipBitOf(join(folder, "t/00000000000000000000.data"), HEADER_BYTES + 2 * FRAME_BYTES + 50, 3);
  const { url } = await builtServerForTest(folder);
  const run = (...args: string[]): Promise<Finished> =>
    runProgram(args, { environment: { NETLOG_URL: url } });

  expect(await run("tail", "t", "--from", "1", "--no-follow")).toMatchObject({
    status: 6,
    stdout: "message 1\nmessage 3\nmessage 4\n",
    // A stream that meets damage is cut; asking again tells why.
    stderr: expect.stringContaining("netlog: damage at offset 2; going on at offset 3\n"),
  });

  const exported = await run("export", "t");
  expect(exported).toMatchObject({ status: 6, stderr: expect.stringContaining("offset 2 is left out") });
  const lines = exported.stdout.trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { offset: number }).offset)).toEqual([0, 1, 3, 4]);

  // In a topic nothing would tell that a message is missing.
  expect(await run("copy", "t", "u")).toMatchObject({
    status: 6,
    stdout: "copied 2 messages\n",
    stderr: expect.stringContaining("checksum error"),
  });
});
