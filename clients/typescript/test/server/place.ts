/* A real server in a folder of its own, which is killed and started again. */

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a server may take to serve, in milliseconds. */
const START_MAX = 60_000;

/** The configuration of most tests, with more in its parts. */
export function config({ server = "", levels = "" } = {}): string {
  return `store: { kind: embedded, path: data, durability: os }
server: { listen: "127.0.0.1:0"${server} }
sources: [ { id: tanks, kind: http } ]
queries:
  - { id: levels, sources: [tanks], cypher: 'MATCH (t:Tank) RETURN t.id AS id, t.level AS level'${levels} }
  - id: levels-of
    sources: [tanks]
    cypher: MATCH (t:Tank) WHERE t.owner = $owner RETURN t.id AS id, t.level AS level
    for_each: { owner: text }
reactions:
  - { id: all, kind: file, queries: [levels], path: all.jsonl }
`;
}

/** A folder with a configuration that listens on `127.0.0.1:0`, and the server that runs over it. */
export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), "livewell-client-"));
  /** Where the server is; the same after each start. */
  url = "";
  #process: ChildProcess | null = null;
  #config: string;

  constructor(config: string) {
    this.#config = config;
  }

  /** Starts the server; returns when it serves. */
  async start(): Promise<this> {
    const began = Date.now();
    while (!(await this.#try())) {
      // Somebody else may have had its port for a moment.
      assert.ok(Date.now() - began < START_MAX, `the server does not start: ${this.read("log")}`);
      await sleep(100);
    }
    return this;
  }

  async #try(): Promise<boolean> {
    const binary = process.env["LIVEWELL_BIN"];
    assert.ok(binary, "LIVEWELL_BIN names the binary of the server");
    writeFileSync(join(this.folder, "livewell.yaml"), this.#config);
    const child = spawn(binary, ["run", "livewell.yaml"], { cwd: this.folder, stdio: ["ignore", "ignore", "pipe"] });
    this.#process = child;
    let log = "";
    for await (const piece of child.stderr!.iterator({ destroyOnReturn: false })) {
      log += String(piece);
      const address = /serving (http:\/\/127\.0\.0\.1:\d+)/.exec(log)?.[1];
      if (address === undefined) continue;
      this.url = address;
      this.#config = this.#config.replace("127.0.0.1:0", new URL(address).host);
      child.stderr!.resume();
      return true;
    }
    writeFileSync(join(this.folder, "log"), log);
    return false;
  }

  /** Kills the server, as `kill -9` does. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  has(name: string): boolean {
    return existsSync(join(this.folder, name));
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }

  /** Ends the server and removes everything. */
  async end(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits until something is so. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const began = Date.now();
  while (!(await isSo())) {
    assert.ok(Date.now() - began < START_MAX, `${what}: not within ${START_MAX} ms`);
    await sleep(20);
  }
}

/** A change of a tank. */
export function tank(
  id: string,
  level: number | bigint,
  owner = "w0",
): { operation: "update"; element: { type: "node"; id: string; labels: string[]; properties: object } } {
  return { operation: "update", element: { type: "node", id, labels: ["Tank"], properties: { id, level, owner } } };
}
