// Compiles the tests and runs them with node's own runner.
//
//   node test.mjs unit      those of the pure parts, and against servers of the tests' own
//   node test.mjs server    those against a real server, whose binary LIVEWELL_BIN names
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const here = new URL(".", import.meta.url).pathname;
const [group = "unit"] = process.argv.slice(2);
const folder = group === "server" ? "built/test/server" : "built/test";

run([`${here}build.mjs`, "dist"]);
run([`${here}build.mjs`, "built"]);
const tests = readdirSync(`${here}${folder}`).filter((name) => name.endsWith(".test.js"));
run(["--test", "--test-reporter=spec", ...tests.map((name) => `${here}${folder}/${name}`)]);

function run(args) {
  const { status } = spawnSync(process.execPath, args, { cwd: here, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
