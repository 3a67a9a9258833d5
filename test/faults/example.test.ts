/** The example of three machines, cmd/examples/cluster, each in a network namespace: as it stands, but for its folders. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type BuiltServer, runProgram, startServing } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { natsProgram, natsSyncsAlways } from "../support/nats.ts";
import { projectText } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type Host, hasNamespaces, Network } from "./network.ts";

const MACHINES = ["a", "b", "c"];
const FOUNDINGS = 3;
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl) console.warn("openssl is not installed: the example of three machines is not tried");

/** One machine: NATS and netlog with the files of the example. */
class Machine {
  readonly folder: string;
  readonly host: Host;
  readonly url: string;
  #nats: ChildProcess | undefined;
  #netlog: BuiltServer | undefined;

  constructor(root: string, host: Host) {
    this.host = host;
    this.folder = join(root, host.name);
    this.url = `https://${host.name}:7200`;
    mkdirSync(this.folder);
    makeCertificate(root, this);
    for (const name of ["nats-server.conf", "netlog.toml"]) {
      const text = projectText(`cmd/examples/cluster/${name}`)
        .replaceAll(/^(server_name: |advertise = "https:\/\/)a/gm, `$1${host.name}`)
        .replaceAll(/\/(?:etc|var\/lib)\/(?:nats|netlog)\b/g, this.folder)
        .replaceAll("/a-key.pem", "/key.pem")
        .replaceAll("/a.pem", "/certificate.pem");
      writeFileSync(join(this.folder, name), text);
    }
  }

  startNats(): void {
    const [command, ...args] = [...this.host.under, natsProgram, "-c", join(this.folder, "nats-server.conf")];
    this.#nats = spawn(command!, args, { stdio: "ignore" });
  }

  async startNetlog(): Promise<void> {
    const environment = { NODE_EXTRA_CA_CERTS: join(this.folder, "ca.pem") };
    const config = ["serve", "--config", join(this.folder, "netlog.toml")];
    // As the unit does: where NATS is not whole for longer than a start waits, another start follows.
    for (;;) {
      try {
        this.#netlog = await startServing(config, { environment, under: this.host.under });
        return;
      } catch (error) {
        if (!String(error).includes("NATS")) throw error;
      }
    }
  }

  /** The machine loses its power. */
  async kill(): Promise<void> {
    const nats = this.#nats;
    this.#nats = undefined;
    await this.#netlog?.kill();
    if (nats === undefined) return;
    const ended = once(nats, "exit");
    nats.kill("SIGKILL");
    await ended;
  }

  /** What NATS kept here is gone with the disk. */
  loseDisk(): void {
    rmSync(join(this.folder, "jetstream"), { recursive: true });
  }

  /** As curl gives it, which trusts the example's authority. */
  curl(path: string, token: string, ...args: string[]): { readonly status: number; readonly body: string } {
    const all = [
      "-sS",
      "--max-time",
      "20",
      "--cacert",
      join(this.folder, "ca.pem"),
      "-w",
      "\n%{http_code}",
      ...args,
    ];
    const [command, ...under] = [...this.host.under, "curl"];
    const { stdout } = spawnSync(
      command!,
      [...under, ...all, "-H", `Authorization: Bearer ${token}`, this.url + path],
      {
        encoding: "utf8",
      },
    );
    const end = stdout.lastIndexOf("\n");
    return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
  }

  /** Streams whose copies on all machines are current, as this server leads them. */
  async currentCopies(): Promise<number> {
    interface Streams {
      readonly account_details?: readonly {
        readonly stream_detail?: readonly {
          readonly cluster?: {
            readonly leader?: string;
            readonly replicas?: readonly { readonly current: boolean }[];
          };
        }[];
      }[];
    }
    const response = await fetch(`http://${this.host.address}:8222/jsz?accounts=true&streams=true`);
    const { account_details: accounts = [] } = (await response.json()) as Streams;
    const streams = accounts.flatMap(({ stream_detail: details = [] }) => details);
    const led = streams.filter(({ cluster }) => cluster?.leader === this.host.name);
    return led.filter(({ cluster }) => cluster?.replicas?.filter(({ current }) => current).length === 2)
      .length;
  }
}

function makeAuthority(root: string): void {
  const subject = ["-x509", "-subj", "/CN=example authority", "-days", "2", "-nodes", "-newkey", "ec"];
  const curve = ["-pkeyopt", "ec_paramgen_curve:prime256v1"];
  execFileSync("openssl", ["req", ...subject, ...curve, "-keyout", "ca-key.pem", "-out", "ca.pem"], {
    cwd: root,
    stdio: "ignore",
  });
}

function makeCertificate(root: string, { folder, host }: Pick<Machine, "folder" | "host">): void {
  writeFileSync(join(folder, "names"), `subjectAltName=DNS:${host.name}`);
  const at = (name: string): string => join(folder, name);
  const run = (...args: string[]): void => void execFileSync("openssl", args, { cwd: root, stdio: "ignore" });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  run("req", ...curve, "-subj", `/CN=${host.name}`, "-keyout", at("key.pem"), "-out", at("request.pem"));
  const authority = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial"];
  run(
    "x509",
    "-req",
    "-in",
    at("request.pem"),
    ...authority,
    "-extfile",
    at("names"),
    "-out",
    at("certificate.pem"),
  );
  execFileSync("cp", [join(root, "ca.pem"), folder]);
}

/** Servers of NATS that start at once may found a cluster without one of them, which stays so: they begin anew then. */
async function found(machines: readonly Machine[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    for (const machine of machines) machine.startNats();
    const starts = Promise.allSettled(machines.map((machine) => machine.startNetlog()));
    try {
      const failed = (await within("three machines to serve", starts)).find(
        ({ status }) => status === "rejected",
      );
      if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
      return;
    } catch (error) {
      if (tries === FOUNDINGS) throw error;
      await Promise.all(machines.map((machine) => machine.kill()));
      await within("netlog to give up", starts);
      for (const machine of machines) machine.loseDisk();
    }
  }
}

test.skipIf(!natsSyncsAlways || !hasNamespaces || !hasOpenssl)(
  "three machines of the example serve, lose one, and get another in its place",
  async () => {
    const network = Network.create(MACHINES);
    onTestFinished(() => network.remove());
    const root = temporaryFolder();
    makeAuthority(root);
    const machines = network.hosts.map((host) => new Machine(root, host));
    onTestFinished(async () => void (await Promise.all(machines.map((machine) => machine.kill()))));
    const tokenFile = join(root, "tokens.json");
    const rights = ["--name", "all", "--topics", "*", "--rights", "read,write,admin"];
    const made = await runProgram(["token", "create", "--token-file", tokenFile, ...rights]);
    const token = made.stdout.trim();
    for (const { folder } of machines) execFileSync("cp", [tokenFile, folder]);

    await found(machines);
    const [a, b, c] = machines as [Machine, Machine, Machine];
    expect(a.curl("/orders", token, "-XPOST").status).toBe(201);
    expect(b.curl("/orders/payload", token, "--data-binary", "one").status).toBe(201);
    expect(c.curl("/orders/payload/0", token)).toEqual({ status: 200, body: "one" });
    expect(c.curl("/orders/payload/0", "wrong").status).toBe(401);

    await a.kill();
    const publish = () => b.curl("/orders/payload", token, "--data-binary", "two").status;
    await expect.poll(publish, { interval: 500 }).toBe(201);

    // Another machine of the same name, whose disk is empty.
    a.loseDisk();
    a.startNats();
    await a.startNetlog();
    const copies = async () =>
      (await Promise.all(machines.map((machine) => machine.currentCopies()))).reduce((x, y) => x + y);
    await expect.poll(copies, { interval: 500 }).toBeGreaterThanOrEqual(1);
    await b.kill();
    const read = () => a.curl("/orders/batch?from=0&format=lines", token).body;
    await expect.poll(read, { interval: 500 }).toMatch(/^one\n(?:two\n)+$/);
    expect(a.curl("/orders/payload", token, "--data-binary", "three").status).toBe(201);
  },
);
