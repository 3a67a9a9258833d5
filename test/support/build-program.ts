/** Builds `dist/` once before the tests that run the built program. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Writes over what is there, so that a server that runs from `dist/` meanwhile finds its files. */
export default function buildProgram(): void {
  for (const script of ["build:program", "build:pages"]) {
    execFileSync("npm", ["run", "--silent", script], { cwd: ROOT, stdio: "inherit" });
  }
}
