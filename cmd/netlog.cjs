#!/usr/bin/env node
/**
 * What `netlog` runs: prepares the process, then starts the built program. It is CommonJS because the size of
 * Node's thread pool must be set before anything touches the pool, and the imports of an ES module come first.
 */
"use strict";

const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { engines, version } = require("../package.json");

/** Syncs (up to eight in flight), reads and compression share the pool; with Node's four they block each other. */
const THREAD_POOL_SIZE = "16";

const main = join(__dirname, "..", "dist", "cmd", "main.js");

function refuse(line) {
  process.stderr.write(`netlog: ${line}\n`);
  process.exitCode = 1;
}

/** `engines.node` is of the form `>=major.minor`. */
function isNodeTooOld() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [neededMajor, neededMinor] = engines.node.replace(">=", "").split(".").map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}

if (isNodeTooOld()) {
  refuse(`needs Node ${engines.node}, and this is ${process.versions.node}`);
} else if (!existsSync(main)) {
  refuse("the program is not built yet: run `npm run build`");
} else {
  process.env.UV_THREADPOOL_SIZE ??= THREAD_POOL_SIZE;
  void import(pathToFileURL(main).href).then(({ runProgram }) => runProgram(version));
}
