/**
 * Bundles the pages for `npm run build`: for each app one script, one stylesheet, the licenses of the packages in both, and
 * index.html, in a folder of `dist/` from which the server takes them. Script and stylesheet are named by their hash and
 * lie there packed as well, so that the server packs nothing.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin, type PluginContext, type RolldownOptions } from "rolldown";

/** The folders of the apps, each with a `main.tsx` and an `index.html`. */
const APPS = ["server/console/app", "server/views/payloads/app", "server/views/journal/app"];
const STYLESHEET = /\.css$/;
/** Files that each page loads. */
const PACKED = /\.(?:js|css)$/;
/** The folder of the package that a module belongs to, and the package's name. */
const PACKAGE = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)(?=\/)/;

const config: RolldownOptions[] = defineConfig(APPS.map(optionsOf));

export default config;

function optionsOf(app: string): RolldownOptions {
  const files = join("dist", app, "../files");
  return {
    input: `${app}/main.tsx`,
    platform: "browser",
    tsconfig: `${app}/tsconfig.json`,
    transform: { target: "es2023" },
    // Packing as tightly as possible takes its time, once a build.
    checks: { bundlerTimings: false },
    plugins: [pageFiles(`${app}/index.html`, files)],
    output: {
      dir: files,
      cleanDir: true,
      minify: true,
      entryFileNames: "[name]-[hash].js",
      chunkFileNames: "[name]-[hash].js",
      assetFileNames: "[name]-[hash][extname]",
    },
  };
}

/** Gathers the stylesheets and the licenses, writes index.html from `page`, and packs script and stylesheet. */
function pageFiles(page: string, files: string): Plugin {
  const sheets = new Map<string, string>();
  return {
    name: "page-files",
    load: {
      filter: { id: STYLESHEET },
      handler(id) {
        sheets.set(id, readFileSync(id, "utf8"));
        return { code: "", moduleType: "js", moduleSideEffects: true };
      },
    },
    buildStart() {
      this.addWatchFile(page);
    },
    generateBundle(_, bundle) {
      const entry = Object.values(bundle).find((file) => file.type === "chunk" && file.isEntry);
      if (entry?.type !== "chunk") throw new TypeError(`there is no script for ${page}`);
      const modules = modulesInOrder(this, entry.facadeModuleId ?? "");
      const licenses = this.emitFile({ type: "asset", name: "licenses.txt", source: licensesOf(modules) });
      const notice = `/*! Licenses of the packages in this file: ${this.getFileName(licenses)} */\n`;
      entry.code = notice + entry.code;
      const source = notice + modules.flatMap((id) => sheets.get(id) ?? []).join("\n");
      const styles = this.emitFile({ type: "asset", name: "main.css", source });
      const filled = readFileSync(page, "utf8")
        .replace("{script}", entry.fileName)
        .replace("{styles}", this.getFileName(styles));
      this.emitFile({ type: "asset", fileName: "index.html", source: filled });
    },
    writeBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (!PACKED.test(file.fileName)) continue;
        pack(join(files, file.fileName), file.type === "chunk" ? file.code : file.source);
      }
    },
  };
}

/** All modules that `entry` imports, itself included, each once and behind what it imports. */
function modulesInOrder(context: PluginContext, entry: string): string[] {
  const seen = new Set<string>();
  const ordered: string[] = [];
  const visit = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const { importedIds = [], dynamicallyImportedIds = [] } = context.getModuleInfo(id) ?? {};
    for (const imported of [...importedIds, ...dynamicallyImportedIds]) visit(imported);
    ordered.push(id);
  };
  visit(entry);
  return ordered;
}

/** The text of each package's license; a package without one is an error. */
function licensesOf(modules: readonly string[]): string {
  const folders = new Map<string, string>();
  for (const id of modules) {
    const [folder, name] = PACKAGE.exec(id) ?? [];
    if (folder !== undefined && name !== undefined) folders.set(name, folder);
  }
  const texts = [...folders].toSorted().map(([name, folder]) => {
    const file = readdirSync(folder).find((path) => /^licen[cs]e/i.test(path));
    if (file === undefined) throw new Error(`the package ${name} has no license file`);
    return `${name}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** Writes the file's packed forms beside it. */
function pack(path: string, source: string | Uint8Array): void {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  writeFileSync(`${path}.br`, brotliCompressSync(source, { params }));
  writeFileSync(`${path}.gz`, gzipSync(source, { level: constants.Z_BEST_COMPRESSION }));
}
