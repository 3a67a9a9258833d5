/**
 * A network of test hosts on this machine: a namespace for each, on one bridge, so that the way from one to another can be
 * cut. Hosts know each other by name. It takes root and iproute2. Addresses are of 198.18.0.0/15, which is set aside for
 * such tests (RFC 2544).
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FIRST_SUBNET = 77;
const HERE = 254;
const PREFIX = "netlog";
const SUBNETS = 100;

/** `ip netns exec` puts the files of a namespace's folder here in the place of those of /etc. */
const FILES = "/etc/netns";

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

export const hasNamespaces: boolean = canMakeNamespaces();
if (!hasNamespaces)
  console.warn("no network namespaces (root and iproute2): tests of partitions are skipped");

/** Not every kernel has netem. */
export const canDelay: boolean = hasNamespaces && netemWorks();
if (hasNamespaces && !canDelay) console.warn("this kernel has no netem: relays make the network slow");

export interface Host {
  readonly name: string;
  readonly address: string;
  /** A command that runs the rest of its arguments on this host. */
  readonly under: readonly string[];
}

export class Network {
  readonly hosts: readonly Host[];
  readonly #number: number;
  readonly #bridge: string;

  static create(names: readonly string[]): Network {
    const network = new Network(names, freeNumber());
    try {
      const bridge = network.#bridge;
      ip("address", "add", `${network.#address(HERE)}/24`, "dev", bridge);
      ip("link", "set", bridge, "up");
      const names = network.hosts.map(({ name, address }) => `${address} ${name}\n`).join("");
      for (const host of network.hosts) addHost(bridge, host, `127.0.0.1 localhost\n${names}`);
    } catch (error) {
      network.remove();
      throw error;
    }
    return network;
  }

  private constructor(names: readonly string[], number: number) {
    this.#number = number;
    this.#bridge = bridgeOf(number);
    this.hosts = names.map((name, index) => {
      const namespace = this.#namespaceOf(name);
      return { name, address: this.#address(index + 1), under: ["ip", "netns", "exec", namespace] };
    });
  }

  host(name: string): Host {
    const host = this.hosts.find((each) => each.name === name);
    if (host === undefined) throw new Error(`there is no host ${name}`);
    return host;
  }

  /** What `from` sends to `to` is lost; what it gets from there is not. */
  cutOneWay(from: string, to: string): void {
    ip("-n", this.#namespaceOf(from), "route", "add", "blackhole", `${this.host(to).address}/32`);
  }

  mendOneWay(from: string, to: string): void {
    ip("-n", this.#namespaceOf(from), "route", "del", "blackhole", `${this.host(to).address}/32`);
  }

  /** What `host` sends is late. */
  delay(host: string, ms: number): void {
    ip(
      "netns",
      "exec",
      this.#namespaceOf(host),
      "tc",
      "qdisc",
      "add",
      "dev",
      "eth0",
      "root",
      "netem",
      "delay",
      `${ms}ms`,
    );
  }

  hurry(host: string): void {
    ip("netns", "exec", this.#namespaceOf(host), "tc", "qdisc", "del", "dev", "eth0", "root");
  }

  /** The processes of its hosts have ended. */
  remove(): void {
    for (const { name } of this.hosts) {
      // The kernel takes a namespace down some time after it was deleted, and the port with it; the next network has its name.
      spawnSync("ip", ["link", "delete", portOf(this.#bridge, name)]);
      spawnSync("ip", ["netns", "delete", this.#namespaceOf(name)]);
      rmSync(join(FILES, this.#namespaceOf(name)), { recursive: true, force: true });
    }
    spawnSync("ip", ["link", "delete", this.#bridge]);
  }

  #address(host: number): string {
    return addressIn(this.#number, host);
  }

  #namespaceOf(host: string): string {
    return namespaceOf(this.#bridge, host);
  }
}

function addressIn(network: number, host: number): string {
  return `198.18.${FIRST_SUBNET + network}.${host}`;
}

/** Names of interfaces have at most 15 characters. */
function bridgeOf(network: number): string {
  return `${PREFIX}${network}`;
}

/**
 * The number of a network whose bridge there is now. Several processes may want one at once, and the kernel gives a name to one
 * of them.
 */
function freeNumber(): number {
  for (let number = 0; ; number++) {
    try {
      ip("link", "add", bridgeOf(number), "type", "bridge");
      return number;
    } catch (error) {
      if (number === SUBNETS) throw error;
    }
  }
}

function namespaceOf(bridge: string, host: string): string {
  return `${bridge}-${host}`;
}

/** The bridge's end of the cable to a host. */
function portOf(bridge: string, host: string): string {
  return `${bridge}${host}`;
}

/** `names` is its file /etc/hosts. */
function addHost(bridge: string, { name, address }: Host, names: string): void {
  const namespace = namespaceOf(bridge, name);
  const port = portOf(bridge, name);
  mkdirSync(join(FILES, namespace), { recursive: true });
  writeFileSync(join(FILES, namespace, "hosts"), names);
  ip("netns", "add", namespace);
  ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace);
  ip("link", "set", port, "master", bridge, "up");
  ip("-n", namespace, "address", "add", `${address}/24`, "dev", "eth0");
  ip("-n", namespace, "link", "set", "eth0", "up");
  ip("-n", namespace, "link", "set", "lo", "up");
}

function canMakeNamespaces(): boolean {
  const probe = `${PREFIX}-probe-${process.pid}`;
  if (spawnSync("ip", ["netns", "add", probe]).status !== 0) return false;
  spawnSync("ip", ["netns", "delete", probe]);
  return true;
}

function netemWorks(): boolean {
  const probe = `${PREFIX}-probe-${process.pid}`;
  spawnSync("ip", ["netns", "add", probe]);
  const { status } = spawnSync("ip", [
    "netns",
    "exec",
    probe,
    "tc",
    "qdisc",
    "add",
    "dev",
    "lo",
    "root",
    "netem",
    "delay",
    "1ms",
  ]);
  spawnSync("ip", ["netns", "delete", probe]);
  return status === 0;
}
