// Builds the console into crates/server/src/api/console/built, where the binary embeds it from.
//
//   node build.mjs --write      writes the files
//   node build.mjs --check      fails if the files there are others
//   node build.mjs --out DIR    writes them elsewhere, not compressed, for a look
import { build } from "esbuild";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";

const BUILT = new URL("../crates/server/src/api/console/built/", import.meta.url);
/** What a first view may take, in bytes as they are sent. */
const BUDGET = 70_000;

const bundled = await build({
  absWorkingDir: new URL(".", import.meta.url).pathname,
  entryPoints: { console: "app/main.tsx", style: "style/main.css" },
  outdir: "built",
  bundle: true,
  write: false,
  minify: true,
  charset: "utf8",
  format: "esm",
  target: ["chrome123", "firefox128", "safari17.5"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
});

const compressed = new Map();
for (const { path, contents } of bundled.outputFiles) {
  compressed.set(path.endsWith(".css") ? "style.css" : "console.js", Buffer.from(contents));
}
compressed.set("icon.svg", readFileSync(new URL("icon.svg", import.meta.url)));
const index = readFileSync(new URL("index.html", import.meta.url));

const [mode, out] = process.argv.slice(2);
if (mode === "--out") {
  mkdirSync(out, { recursive: true });
  for (const [name, bytes] of compressed) writeFileSync(`${out}/${name}`, bytes);
  const page = index.toString().replace("{script}", "console.js").replace("{style}", "style.css").replace("{icon}", "icon.svg");
  writeFileSync(`${out}/index.html`, page);
} else if (mode === "--write") {
  mkdirSync(BUILT, { recursive: true });
  writeFileSync(new URL("index.html", BUILT), index);
  // The level is fixed and no time is written, so the same content gives the same file.
  for (const [name, bytes] of compressed) writeFileSync(new URL(`${name}.gz`, BUILT), gzipSync(bytes, { level: 9 }));
} else if (mode === "--check") {
  // Versions of zlib compress differently; what counts is what comes out again.
  const stale = [...compressed].filter(([name, bytes]) => !bytes.equals(content(`${name}.gz`)));
  if (!index.equals(readFileSync(new URL("index.html", BUILT)))) stale.push(["index.html"]);
  if (stale.length > 0) fail(`built from other sources: ${stale.map(([name]) => name).join(", ")}; run \`cargo xtask web --write\``);
} else {
  fail("usage: node build.mjs --write | --check | --out DIR");
}

const sent = index.length + [...compressed.values()].reduce((sum, bytes) => sum + gzipSync(bytes, { level: 9 }).length, 0);
console.log(`a first view is ${sent} bytes, of at most ${BUDGET}`);
if (sent > BUDGET) fail("that is more than a first view may take");

function content(name) {
  try {
    return gunzipSync(readFileSync(new URL(name, BUILT)));
  } catch {
    return Buffer.alloc(0);
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
