/* The shapes of the API, as far as the console reads them; `/openapi.json` has all of them. */

import type { Value } from "./json.ts";

export type Kind = "source" | "query" | "reaction";
export type Section = "sources" | "queries" | "reactions";
export type State = "starting" | "running" | "caught_up" | "waiting" | "paused" | "stopped" | "error";
export type Scope = "read" | "ingest" | "operate" | "administer";

export interface Trouble {
  code: string | null;
  message: string;
  since: string;
}

/** A component in the graph and in the stream. */
export interface Node {
  id: string;
  kind: Kind;
  type: string | null;
  state: State;
  error: Trouble | null;
  epoch: string;
  sequence: number;
  rows: number;
  lag: number;
  per_second: number;
  behind_bytes: number | null;
  lag_seconds: number | null;
  log_share: number | null;
  parked: number;
  dead_letters: number;
}

export interface Edge {
  from: string;
  to: string;
}

export interface Count {
  kind: Kind;
  state: State;
  count: number;
}

export interface Graph {
  total: number;
  whole: boolean;
  counts: Count[];
  components: Node[];
  edges: Edge[];
}

export interface Readers {
  ids: string[];
  count: number;
}

export interface Copying {
  tables: number | null;
  rows: number;
  rows_expected: number | null;
  share: number | null;
  rows_per_second: number | null;
}

export interface Upstream {
  behind_bytes: number | null;
  total_bytes: number | null;
  behind_messages: number | null;
  part: { name: string; number: number; of: number } | null;
  last_commit: string | null;
  lag_seconds: number | null;
  kept_bytes: number | null;
  safe_bytes: number | null;
  waits_for: string | null;
  copy: Copying | null;
}

/** A component as its own call shows it. */
export interface Status {
  id: string;
  kind: Kind;
  type: string | null;
  state: State;
  epoch: string;
  sequence: number;
  position: number;
  lag: number;
  lag_seconds: number | null;
  rows: number;
  log_entries: number;
  log_bytes: number;
  rates: { per_second: number };
  parked: number;
  dead_letters: number;
  failures: number;
  retries: number;
  checked: boolean | null;
  upstream: Upstream | null;
  error: string | null;
  error_since: string | null;
  configured: boolean;
  differs_from_file?: boolean;
  reads: string[] | null;
  read_by: Readers | null;
  guarantee: "exactly_once" | "at_least_once" | "whole" | null;
  keeps_rows: boolean | null;
}

export interface Server {
  version: string;
  store_id: string;
  started: string;
  uptime_seconds: number;
  store: {
    kind: string;
    engine: string | null;
    data_bytes: number | null;
    file_bytes: number | null;
    limit_bytes: number | null;
    available_bytes: number | null;
    disk_bytes: number | null;
  };
  memory_bytes: number | null;
  caller: string;
  scopes: Scope[];
  features: string[];
}

export interface NeedAction {
  label: string;
  method: string;
  path: string;
  destroys: boolean;
  scope: Scope;
  command: string;
}

export interface Need {
  what: string;
  severity: "error" | "warning";
  component: { kind: Kind; id: string } | null;
  since: string | null;
  code: string | null;
  reason: string;
  fix: string | null;
  holds_up: Readers;
  loses: string | null;
  until: string | null;
  actions: NeedAction[];
}

export interface Event {
  number: number;
  time: string;
  what: string;
  component: { kind: Kind; id: string } | null;
  from: State | null;
  to: State | null;
  code: string | null;
  message: string | null;
  caller: string | null;
  call: string | null;
  status: number | null;
}

export interface History {
  step_seconds: number;
  until: string;
  series: { [name: string]: (number | null)[] };
}

export type Data = { [column: string]: Value };

export interface Row {
  row_signature: string;
  data: Data;
}

export interface Results {
  epoch: string;
  sequence: number;
  position: number;
  /** Whether the rows come in the order that the query asks for. */
  ordered: boolean;
  columns: string[];
  rows: Row[];
  cursor?: string | null;
  checked: boolean | null;
  state: State;
  error: Trouble | null;
}

export interface Diff {
  type: "ADD" | "UPDATE" | "DELETE";
  row_signature: string;
  data?: Data;
  before?: Data;
  after?: Data;
}

export interface Result {
  epoch: string;
  sequence: number;
  position: number;
  timestamp: string;
  results: Diff[];
}

export interface Parked {
  number: number;
  timestamp: string | null;
  text: string;
  whole: boolean;
  reason: string;
}

export interface Definition {
  id: string;
  kind: Kind;
  by: "file" | "call" | "program";
  definition: Value;
  hash: string | null;
  /** In YAML, as an item of its own. */
  text: string | null;
  differs_from_file: boolean;
  in_file: Value;
  text_in_file: string | null;
  place_in_file: { file: string; line: number } | null;
}

/** Returns the section of the configuration, and the part of an address, that a kind has. */
export function section(kind: Kind): Section {
  return kind === "query" ? "queries" : `${kind}s`;
}

/** Returns the kind of a section. */
export function kindOf(of: Section): Kind {
  return of === "queries" ? "query" : of === "sources" ? "source" : "reaction";
}
