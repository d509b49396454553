/* A client of Livewell: live results, followed over restarts, and changes, sent exactly once. */

export { Client } from "./client.js";
export { LivewellError, ProblemError, ProtocolError, UnreachableError, type Problem } from "./errors.js";
export type { FollowOptions } from "./follow.js";
export type { Change, Element, EndOf, IngestOptions, Properties, Sent, Transaction } from "./ingest.js";
export { parse, print, type Value } from "./json.js";
export { LiveQuery, type LiveStatus } from "./live.js";
export type { ReadOptions, ResultsOptions } from "./reading.js";
export { LiveRows, type Change as RowsChange } from "./rows.js";
export type {
  Data,
  Diff,
  Event,
  Receipt,
  Reset,
  Result,
  Results,
  Row,
  SnapshotBegin,
  SnapshotEnd,
  SnapshotRow,
  State,
  Status,
  Trouble,
  Values,
} from "./shapes.js";
export type { ClientOptions } from "./transport.js";
