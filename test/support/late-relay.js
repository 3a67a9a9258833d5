/**
 * A relay in front of the ports of one server, which can be late: where a kernel has no netem, it stands for a slow network.
 * Plain JavaScript, for it runs beside the server, in its network namespace. Arguments: the host, and for each port
 * `listening:target:both` or `listening:target:answers`: what is late is all, or only what the server sends. A
 * number of milliseconds on a line of stdin is the delay from then on. It ends with its stdin.
 */
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";

/** Bytes that may be on their way in one direction of a connection. */
const MAX_HELD_BYTES = 8 * 2 ** 20;

let delayMs = 0;

/** Gives all that comes from `source` to `target`, in its order; `isLate` of them waits first. */
function pass(source, target, isLate) {
  const held = [];
  let heldBytes = 0;
  let timer;
  const give = () => {
    timer = undefined;
    for (let next = held[0]; next !== undefined && next.dueMs <= performance.now(); next = held[0]) {
      held.shift();
      heldBytes -= next.piece?.length ?? 0;
      if (next.piece === undefined) target.end();
      else target.write(next.piece);
    }
    if (heldBytes < MAX_HELD_BYTES) source.resume();
    if (held.length > 0) timer = setTimeout(give, Math.max(0, held[0].dueMs - performance.now()));
  };
  const take = (piece) => {
    const lateMs = isLate ? delayMs : 0;
    held.push({ piece, dueMs: performance.now() + lateMs });
    heldBytes += piece?.length ?? 0;
    if (heldBytes >= MAX_HELD_BYTES) source.pause();
    if (timer === undefined) give();
  };
  source.on("data", take);
  source.on("end", () => take(undefined));
  source.on("error", () => target.destroy());
  source.on("close", () => {
    if (!source.readableEnded) target.destroy();
  });
}

const [host, ...ports] = process.argv.slice(2);
for (const port of ports) {
  const [listening, target, late] = port.split(":");
  createServer({ allowHalfOpen: true }, (client) => {
    const server = connect({ host, port: Number(target), allowHalfOpen: true });
    for (const socket of [client, server]) socket.setNoDelay(true);
    pass(client, server, late === "both");
    pass(server, client, true);
  }).listen(Number(listening), host);
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  delayMs = Number(line);
  process.stdout.write(`${delayMs}\n`);
});
lines.on("close", () => process.exit());
