// Compiles the package.
//
//   node build.mjs dist     the package, with its declarations, into `dist`
//   node build.mjs built    the package, its tests and examples into `built`
//   node build.mjs page     a page with React for a test in a browser, into `built/page.js`
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";

const here = new URL(".", import.meta.url).pathname;
const [what = "dist"] = process.argv.slice(2);

if (what === "page") {
  const { build } = await import("esbuild");
  const define = { "process.env.NODE_ENV": '"production"' };
  await build({ absWorkingDir: here, entryPoints: ["test/page.tsx"], outfile: "built/page.js", bundle: true, format: "esm", define, logLevel: "warning" });
} else {
  rmSync(`${here}${what}`, { recursive: true, force: true });
  const project = what === "dist" ? "tsconfig.build.json" : "tsconfig.json";
  const compiled = spawnSync(process.execPath, [`${here}node_modules/typescript/bin/tsc`, "-p", project], { cwd: here, stdio: "inherit" });
  process.exit(compiled.status ?? 1);
}
