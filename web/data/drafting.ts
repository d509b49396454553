/* A query while it is written: checked shortly after the last key, and the last answer counts, in whatever order they come. */

import { signal } from "@preact/signals";
import { asRefusal, call, isAborted, type Refusal } from "./client.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { json, keep, type Draft } from "./draft.ts";
import type { Value } from "./json.ts";
import type { PlanData } from "./plan.ts";

/** What the server says of a draft. */
export interface Checked {
  valid: boolean;
  diagnostics: Diagnostic[];
  problems: { code: string; message: string; help: string | null }[];
  columns: { name: string; type: string | null }[];
  plan: PlanData | null;
}

export interface Row {
  row_signature: string;
  data: { [name: string]: Value };
}

/** The rows of a draft over what is stored. */
export interface Tried {
  position: number;
  took_seconds: number;
  elements: number;
  columns: string[];
  rows: Row[];
  rows_total: number;
  truncated: boolean;
  against?: {
    query_id: string;
    sequence: number;
    added: Row[];
    removed: Row[];
    changed: { row_signature: string; before: Row["data"]; after: Row["data"] }[];
    counts: { added: number; removed: number; changed: number; unchanged: number };
  };
}

/** How long after the last key a draft is checked, in milliseconds. */
const PAUSE = 150;
/** How soon a check that got no answer is made again. */
const AGAIN = 2_000;
const ROWS = 50;

/** A draft, and what is known of it. */
export class Drafting {
  readonly draft;
  /** What the server said last of the draft. */
  readonly checked = signal<Checked | null>(null);
  /** Whether that is of the draft as it is now. */
  readonly isCurrent = signal(false);
  /** The last plan and columns of a text without an error, and whether the text has one now. */
  readonly plan = signal<{ plan: PlanData; columns: Checked["columns"]; isOld: boolean } | null>(null);
  readonly refusal = signal<Refusal | null>(null);
  /** Whether this browser keeps the draft. */
  readonly isKept = signal(true);
  private timer: number | null = null;
  private checking: AbortController | null = null;

  /** `of` is the query that is changed; `null` for a new one. */
  constructor(
    readonly of: string | null,
    draft: Draft,
  ) {
    this.draft = signal(draft);
    void this.check();
  }

  /** Changes the draft, keeps it in this browser, and has it checked. */
  change(part: Partial<Draft>): void {
    this.draft.value = { ...this.draft.peek(), ...part };
    this.isKept.value = keep(this.of, this.draft.peek());
    this.isCurrent.value = false;
    this.later(PAUSE);
  }

  /** Ends what is under way. */
  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.checking?.abort();
  }

  private later(pause: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.check(), pause);
  }

  /** Asks the server what is wrong; whatever was asked before is given up. */
  async check(): Promise<void> {
    this.checking?.abort();
    const draft = this.draft.peek();
    if (draft.cypher.trim() === "") {
      this.checked.value = null;
      return;
    }
    const own = new AbortController();
    this.checking = own;
    try {
      const body = json(draft);
      const checked = await call<Checked>("/api/v1/queries/check", { method: "POST", body, signal: own.signal, urgent: true });
      if (own.signal.aborted || this.draft.peek() !== draft) return;
      this.refusal.value = null;
      this.checked.value = checked;
      this.isCurrent.value = true;
      const { plan, columns } = checked;
      const before = this.plan.peek();
      if (plan) this.plan.value = { plan, columns, isOld: false };
      else if (before) this.plan.value = { ...before, isOld: true };
    } catch (error) {
      if (own.signal.aborted || isAborted(error)) return;
      this.refusal.value = asRefusal(error);
      if (this.refusal.peek()?.status === 0) this.later(AGAIN);
    }
  }

  /** Computes the first rows over what is stored. */
  run(against: string | null, values: { [name: string]: string }, signal: AbortSignal): Promise<Tried> {
    const more: { [name: string]: string } = { limit: String(ROWS), timeout: '"30s"' };
    if (against !== null) more["against"] = JSON.stringify(against);
    if (Object.keys(values).length > 0) more["values"] = JSON.stringify(values);
    const body = json(this.draft.peek(), more);
    return call<Tried>("/api/v1/queries/try", { method: "POST", body, signal, urgent: true });
  }
}
