/**
 * Bundles the program for `npm run build`: a file for each command, and files for what commands share. Node takes longer
 * to find and load hundreds of small modules than to run most commands. Packages stay outside, in `node_modules`.
 */
import { relative } from "node:path";
import { defineConfig, type Plugin, type RolldownOptions } from "rolldown";

const FOLDER = "dist/cmd";
const IS_OWN = /^[./]/;

const config: RolldownOptions = defineConfig({
  input: { main: "cmd/main.ts" },
  platform: "node",
  tsconfig: "tsconfig.json",
  transform: { target: "es2023" },
  external: (id) => !IS_OWN.test(id),
  // The help is a command among others, and the program itself prints it too.
  checks: { bundlerTimings: false, ineffectiveDynamicImport: false },
  plugins: [ownUrls()],
  output: {
    dir: FOLDER,
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    sourcemap: true,
    // The package holds the sources.
    sourcemapExcludeSources: true,
  },
});

export default config;

/** A module finds files beside it by its URL, which is that of `dist/` with the module's own path in it. */
function ownUrls(): Plugin {
  return {
    name: "own-urls",
    transform: {
      filter: { code: "import.meta.url" },
      handler(code, id) {
        const path = relative(FOLDER, `dist/${relative(process.cwd(), id)}`);
        const url = `new URL(${JSON.stringify(path)}, import.meta.url).href`;
        return { code: code.replaceAll("import.meta.url", url), map: null };
      },
    },
  };
}
