// Compiles the package.
//
//   node build.mjs dist     the package, with its declarations, into `dist`
//   node build.mjs built    the package, its tests and examples into `built`
//   node build.mjs page     pages with React for a test in a browser, into `built/pages`; `dist` has to be there
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";

const here = new URL(".", import.meta.url).pathname;
const [what = "dist"] = process.argv.slice(2);

if (what === "page") {
  const { build } = await import("esbuild");
  const { readFile } = await import("node:fs/promises");
  // The example is bundled as it is, but for the address of the server, which the page is given.
  const addressed = async ({ path }) => {
    const text = await readFile(path, "utf8");
    return {
      contents: text.replace('"http://127.0.0.1:7171"', 'new URL(location.href).searchParams.get("server")!'),
      loader: "tsx",
    };
  };
  await build({
    absWorkingDir: here,
    entryPoints: { react: "test/page.tsx", example: "test/example.tsx" },
    outdir: "built/pages",
    bundle: true,
    format: "esm",
    jsx: "automatic",
    // So that strict mode does what it does while a page is written: each component comes, leaves and comes back.
    define: { "process.env.NODE_ENV": '"development"' },
    plugins: [{ name: "address", setup: (bundler) => bundler.onLoad({ filter: /orders\.tsx$/ }, addressed) }],
    logLevel: "warning",
  });
} else {
  rmSync(`${here}${what}`, { recursive: true, force: true });
  const project = what === "dist" ? "tsconfig.build.json" : "tsconfig.json";
  const compiled = spawnSync(process.execPath, [`${here}node_modules/typescript/bin/tsc`, "-p", project], {
    cwd: here,
    stdio: "inherit",
  });
  process.exit(compiled.status ?? 1);
}
