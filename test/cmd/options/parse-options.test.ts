import { describe, expect, test } from "vitest";
import { UsageError } from "../../../cmd/cli/usage-error.ts";
import { CLIENT_VARIABLES } from "../../../cmd/cli/variables.ts";
import { SERVE_OPTIONS, type ServeOptions } from "../../../cmd/options/options.ts";
import { parseArguments, parseOptions } from "../../../cmd/options/parse-options.ts";

function parse(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ServeOptions {
  return parseOptions(SERVE_OPTIONS, args, environment);
}

function complaint(args: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
  try {
    parse(args, environment);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "no complaint";
}

test("nothing given is the contract's defaults", () => {
  expect(parse([])).toEqual({
    config: "",
    listen: { host: "127.0.0.1", port: 7200 },
    messagesListen: { host: "127.0.0.1", port: 50_051 },
    dir: "./data",
    logLevel: "info",
    debug: false,
    monitorIntervalMs: 10_000,
    segmentAge: "30day",
    segmentSizeBytes: 1_073_741_824,
    batchNumMessages: 100,
    batchInterval: "0s",
    compression: 1,
    engine: [],
    enginePrefix: "netlog",
    engineCopies: 3,
    engineMonitors: [],
    isEngineUnsafe: false,
    engineCredentials: "",
    engineSystemCredentials: "",
    advertise: "",
    views: [],
    db: "pglite",
    viewsDir: ".views",
    viewFrom: "beginning",
    skipsRefused: false,
    viewSettings: [],
    journalAuth: "",
    jwksUrl: "",
    jwtIssuer: "",
    jwtAudience: "",
    allowedHosts: [],
    corsOrigins: [],
    tokenFile: "",
    areMetricsOpen: false,
    isInsecure: false,
    tlsCert: "",
    tlsKey: "",
    rateLimit: "off",
    trustedProxies: [],
    grpcListen: "off",
    hasNoConsole: false,
    payloadBytes: 16_777_216,
    batchBytes: 8_388_608,
    bytesInFlight: 268_435_456,
    connections: 16_384,
    waitingRequests: 16_384,
    topics: 10_000,
    remembered: 1_000_000,
    scanners: 16_384,
    headersMs: 30_000,
    longPollMs: 20_000,
    eventStreamMs: 60_000,
    bodyIdleMs: 30_000,
    bodyMs: 600_000,
    keepAliveMs: 65_000,
    stopMs: 10_000,
  });
});

describe("spellings", () => {
  test.each([
    [["-segment_age", "1day"]],
    [["-segment_age=1day"]],
    [["--segment_age", "1day"]],
    [["--segment_age=1day"]],
    [["-segment-age", "1day"]],
    [["--segment-age", "1day"]],
    [["--segment-age=1day"]],
    [["-segment_age=9day", "--segment-age", "1day"]],
  ])("%j sets segment_age", (args) => {
    expect(parse(args).segmentAge).toBe("1day");
  });

  test.each(Object.values(SERVE_OPTIONS).map((option) => option.name))(
    "the environment sets %s, and an empty variable does not",
    (name) => {
      const variable = `NETLOG_${name.toUpperCase()}`;
      // A path may be any text.
      const complaints: Readonly<Record<string, RegExp>> = {
        dir: /^no complaint$/,
        views_dir: /^no complaint$/,
        token_file: /^no complaint$/,
        tls_cert: /^no complaint$/,
        tls_key: /^no complaint$/,
        engine_credentials: /^no complaint$/,
        engine_system_credentials: /^no complaint$/,
        config: /^the configuration file {2}wrong! {2}cannot be read \(ENOENT\)$/,
      };
      expect(complaint([], { [variable]: " wrong! " })).toMatch(
        complaints[name] ?? `${variable}: " wrong! "`,
      );
      expect(parse([], { [variable]: "" })).toEqual(parse([]));
    },
  );

  test("flags win over the environment", () => {
    const environment = { NETLOG_SEGMENT_AGE: "2day", NETLOG_COMPRESSION: "3" };
    expect(parse(["-segment_age=1day"], environment)).toMatchObject({ segmentAge: "1day", compression: 3 });
  });

  test("a value may begin with a dash and hold equals signs", () => {
    expect(parse(["-dir", "-a=b"]).dir).toBe("-a=b");
    expect(parse(["-dir=a=b"]).dir).toBe("a=b");
  });

  test.each([
    [["-debug"], true],
    [["--debug"], true],
    [["-debug=true"], true],
    [["-debug=1"], true],
    [["-debug=false"], false],
    [["-debug", "-debug=F"], false],
  ])("the switch %j is %j", (args, debug) => {
    expect(parse(args).debug).toBe(debug);
  });

  test("lists are repeated or cut at commas", () => {
    const args = ["--allowed-host", "a.example, B.example", "-allowed_host=c"];
    expect(parse(args).allowedHosts).toEqual(["a.example", "b.example", "c"]);
    const environment = { NETLOG_CORS_ORIGIN: "https://App.example:443,http://localhost:3000" };
    expect(parse([], environment).corsOrigins).toEqual(["https://app.example", "http://localhost:3000"]);
  });
});

describe("values", () => {
  test.each([
    [":7200", { host: "", port: 7200 }],
    ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
    ["[::1]:7200", { host: "::1", port: 7200 }],
    ["[::]:7200", { host: "::", port: 7200 }],
    ["[fe80::1%eth0]:80", { host: "fe80::1%eth0", port: 80 }],
    ["localhost:7200", { host: "localhost", port: 7200 }],
    ["queue.example:65535", { host: "queue.example", port: 65_535 }],
  ])("-listen %s", (text, address) => {
    expect(parse(["-listen", text]).listen).toEqual(address);
  });

  test.each([
    ["error", "error"],
    ["WARNING", "warning"],
    ["warn", "warn"],
    ["alert", "alert"],
  ])("-loglevel %s", (text, level) => {
    expect(parse(["-loglevel", text]).logLevel).toBe(level);
  });

  test.each([
    [
      "-listen",
      ["7200", "", ":", "localhost", ":65536", "::1:7200", "http://localhost:7200", "a b:1", "[::1]"],
    ],
    ["-dir", [""]],
    ["-loglevel", ["verbose", ""]],
    ["-monitor_interval", ["0", "10", "-1s", "25day", ""]],
    ["-segment_age", ["30", "0", "0s", "soon"]],
    ["-segment_size", ["0", "1023", "2147483649", "1e6", "1GB", "-1"]],
    ["-batch_num_messages", ["0", "65537", "1.5", ""]],
    ["-batch_interval", ["200", "2day"]],
    ["-compression", ["4", "gzip", "-1"]],
    ["--allowed-host", ["http://a.example", "a.example:7200", "a/b", "*"]],
    [
      "--cors-origin",
      ["*", "a.example", "https://a.example/path", "file:///x", "https://u@a.example", "null"],
    ],
    ["-debug", ["maybe", ""]],
    ["--max-message-size", ["0", "16MB", "67108865"]],
    ["--stop-timeout", ["10", "2h", ""]],
  ])("%s refuses %j, naming the value and what is allowed", (flag, texts) => {
    const option = Object.values(SERVE_OPTIONS).find(
      ({ name }) => name === flag.replace(/^-+/, "").replaceAll("-", "_"),
    );
    for (const text of texts) {
      expect(complaint([`${flag}=${text}`])).toBe(
        `${flag}: "${text}" is not allowed; it takes ${option?.allowed}`,
      );
    }
  });

  test("both ends of a range are allowed", () => {
    expect(parse(["-segment_size", "1024", "-batch_num_messages", "65536"])).toMatchObject({
      segmentSizeBytes: 1024,
      batchNumMessages: 65_536,
    });
    expect(parse(["-segment_size", "2147483648", "-compression", "0"])).toMatchObject({
      segmentSizeBytes: 2_147_483_648,
      compression: 0,
    });
  });
});

test("what follows two dashes is no flag, whatever it looks like", () => {
  const { options, operands } = parseArguments(SERVE_OPTIONS, ["a", "-debug", "--", "-dir", "--", "b"], {});
  expect(options.debug).toBe(true);
  expect(operands).toEqual(["a", "-dir", "--", "b"]);
});

test("the variables of clients and of jobs are no slips of the server's", () => {
  for (const variable of [...CLIENT_VARIABLES, "NETLOG_HEADER_LISTEN"]) {
    expect(complaint([], { [variable]: "x" })).toBe("no complaint");
  }
});

describe("mistakes", () => {
  test("an unknown flag is named, with the nearest and with all", () => {
    expect(complaint(["--segmnt-age", "1day"])).toMatch(
      /^unknown flag --segmnt-age; did you mean --segment-age\? there are --config, --listen, .*--stop-timeout$/,
    );
    expect(complaint(["-x=1"])).toMatch(/^unknown flag -x; there are --config, --listen, /);
  });

  test.each([[["demo"]], [["-debug", "false"]], [["--", "-debug"]], [["-"]], [["---dir"]]])(
    "%j holds an argument that is no flag",
    (args) => {
      expect(complaint(args)).toBe(`unexpected argument "${args.at(-1)}"; flags begin with a dash`);
    },
  );

  test("a flag without its value says what it takes", () => {
    expect(complaint(["-listen"])).toMatch(/^-listen needs a value; it takes host:port, such as /);
  });

  test("variables that container platforms set for a service called netlog are left alone", () => {
    const names = ["PORT", "NAME", "HOST", "SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "ENV_PATH"];
    const ports = ["", "_PROTO", "_PORT", "_ADDR"].map((what) => `PORT_7200_TCP${what}`);
    const environment = Object.fromEntries([...names, ...ports].map((name) => [`NETLOG_${name}`, "x"]));
    expect(parse([], environment)).toEqual(parse([]));
  });

  test("a variable that looks like a slip is none of those", () => {
    expect(complaint([], { NETLOG_SEGMNT_AGE: "1day" })).toBe(
      "unknown variable NETLOG_SEGMNT_AGE; did you mean NETLOG_SEGMENT_AGE?",
    );
    expect(complaint([], { NETLOG_LISTEN_ADDR: "", NETLOG_LISTENS: "" })).toContain("NETLOG_LISTENS;");
  });

  test("a wrong value is refused also where another one wins", () => {
    expect(complaint(["-segment_age=1day"], { NETLOG_SEGMENT_AGE: "30" })).toMatch(
      /^NETLOG_SEGMENT_AGE: "30"/,
    );
  });
});
