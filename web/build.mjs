// Builds the console into crates/server/src/api/console/built, where the binary embeds it from.
//
//   node build.mjs --write      writes the files
//   node build.mjs --check      fails if the files there are others
//   node build.mjs --out DIR    writes them elsewhere, not compressed, for a look
//
// There are two scripts, and one with what both use: `editor` has the editors and views that are seldom opened, and is loaded
// when one is; `console` is all the rest. A file's name has a hash of what it holds and of what it loads.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";

const BUILT = new URL("../crates/server/src/api/console/built/", import.meta.url);
/** What a first view, what is loaded later and all of it may take, in bytes as they are sent. */
const BUDGETS = { "a first view": 70_000, "what is loaded later": 150_000, "all of it": 230_000 };
/** The files that the binary embeds, in the order of their names in `names.txt`. */
const FILES = ["console.js", "shared.js", "editor.js", "style.css", "icon.svg"];

const bundled = await build({
  absWorkingDir: new URL(".", import.meta.url).pathname,
  entryPoints: { console: "app/main.tsx", editor: "view/editor/index.tsx", style: "style/main.css" },
  outdir: "built",
  entryNames: "[name]-[hash]",
  chunkNames: "shared-[hash]",
  splitting: true,
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

/** Every file by what it is, with its name and its bytes. */
const files = new Map();
for (const { path, contents } of bundled.outputFiles) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const stem = name.replace(/-[^-.]+\./, ".");
  if (files.has(stem) || !FILES.includes(stem)) fail(`${name} is one file more than the binary embeds`);
  files.set(stem, { name, bytes: Buffer.from(contents) });
}
const icon = readFileSync(new URL("icon.svg", import.meta.url));
files.set("icon.svg", { name: `icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`, bytes: icon });
for (const file of FILES) if (!files.has(file)) fail(`${file} was not built`);

const page = readFileSync(new URL("index.html", import.meta.url), "utf8").replace(/\{([\w.]+)\}/g, (_, of) => `/assets/${files.get(of).name}`);
const names = FILES.map((file) => `${files.get(file).name}\n`).join("");

const [mode, out] = process.argv.slice(2);
if (mode === "--out") {
  mkdirSync(`${out}/assets`, { recursive: true });
  for (const { name, bytes } of files.values()) writeFileSync(`${out}/assets/${name}`, bytes);
  writeFileSync(`${out}/index.html`, page);
} else if (mode === "--write") {
  mkdirSync(BUILT, { recursive: true });
  writeFileSync(new URL("index.html", BUILT), page);
  writeFileSync(new URL("names.txt", BUILT), names);
  // The level is fixed and no time is written, so the same content gives the same file.
  for (const [file, { bytes }] of files) writeFileSync(new URL(`${file}.gz`, BUILT), compressed(bytes));
} else if (mode === "--check") {
  // Versions of zlib compress differently; what counts is what comes out again.
  const stale = [...files].filter(([file, { bytes }]) => !bytes.equals(unpacked(`${file}.gz`))).map(([file]) => file);
  if (page !== text("index.html")) stale.push("index.html");
  if (names !== text("names.txt")) stale.push("names.txt");
  if (stale.length > 0) fail(`built from other sources: ${stale.join(", ")}; run \`cargo xtask web --write\``);
} else {
  fail("usage: node build.mjs --write | --check | --out DIR");
}

const size = (file) => compressed(files.get(file).bytes).length;
const first = page.length + ["console.js", "shared.js", "style.css", "icon.svg"].reduce((sum, file) => sum + size(file), 0);
const sent = { "a first view": first, "what is loaded later": size("editor.js"), "all of it": first + size("editor.js") };
for (const [what, most] of Object.entries(BUDGETS)) {
  console.log(`${what} is ${sent[what]} bytes, of at most ${most}`);
  if (sent[what] > most) fail("that is more than it may take");
}

function compressed(bytes) {
  return gzipSync(bytes, { level: 9 });
}

function unpacked(name) {
  try {
    return gunzipSync(readFileSync(new URL(name, BUILT)));
  } catch {
    return Buffer.alloc(0);
  }
}

function text(name) {
  try {
    return readFileSync(new URL(name, BUILT), "utf8");
  } catch {
    return "";
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
