/* The examples of the guide, each run as it is, but for the address of the server. */

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import test from "node:test";
import { Client } from "../../src/index.js";
import { Place, until } from "./place.js";

const BUILT = new URL("../../examples/", import.meta.url);
const CONFIG = new URL("../../../../livewell.yaml", import.meta.url);

/** An example that runs, and what it has printed. */
class Example {
  #process: ChildProcess;
  #copy: URL;
  out = "";

  constructor(name: string, place: Place) {
    const text = readFileSync(new URL(`${name}.js`, BUILT), "utf8");
    assert.ok(text.includes("http://127.0.0.1:7171"), name);
    this.#copy = new URL(`running-${name}.js`, BUILT);
    writeFileSync(this.#copy, text.replace("http://127.0.0.1:7171", place.url));
    this.#process = spawn(process.execPath, [this.#copy.pathname], {
      cwd: place.folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#process.stdout!.on("data", (piece: Buffer) => (this.out += piece.toString()));
  }

  /** Waits until it has printed this, then ends it. */
  async prints(expected: RegExp): Promise<void> {
    await until(`${expected} and not ${this.out}`, () => expected.test(this.out));
    this.#process.kill("SIGKILL");
    rmSync(this.#copy);
  }
}

test("the examples of the guide print what it says", async () => {
  const place = await new Place(readFileSync(CONFIG, "utf8").replace("127.0.0.1:7171", "127.0.0.1:0")).start();
  try {
    const client = new Client({ url: place.url });
    await new Example("ingest", place).prints(/^o2 9007199254740993n\no1 250\n$|^o1 250\no2 9007199254740993n\n$/);
    // By its key the second one is not taken in.
    await new Example("ingest", place).prints(/o1 250\n/);
    await new Example("errors", place).prints(
      /^404 LW0501 there is no query `big-order` here; did you mean `big-orders`.*\n$|^404 LW0501 .*\n$/,
    );

    const first = new Example("first", place);
    await until("the snapshot", () => /there is o1\n/.test(first.out) && /there is o2\n/.test(first.out));
    const live = new Example("live", place);
    await until("the list", () => live.out === "live [ 'o1' ]\n");
    const resume = new Example("resume", place);
    await until("the position", () => place.has("position.txt"));
    await client.ingest("orders", { id: "o3", customer: "c42", total: 101 });
    await first.prints(
      /\nADD \{\s+type: 'ADD',\s+signature: '[0-9a-f]{16}',\s+data: \{ id: 'o3', total: 101 \}\s+\}\n$/,
    );
    await live.prints(/^live \[ 'o1' \]\nlive \[ 'o1', 'o3' \]\n$/);
    await until("the position is kept", () => place.read("position.txt") === "1-3");
    await resume.prints(/^ADD [0-9a-f]{16}\n$/);
    await client.ingest("orders", { id: "o3", customer: "c42", total: 102 });
    await new Example("resume", place).prints(/^UPDATE [0-9a-f]{16}\n$/);
  } finally {
    await place.end();
  }
});
