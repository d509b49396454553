/*
 * Calls to the server, one at a time.
 *
 * A browser has six connections to a host for all its tabs, so a tab uses two: its stream, and one call. What a person
 * does goes before what is read in the background. What the server may compute for seconds has a third one of its own, and
 * what is saved as a file another, so that nothing else waits for them.
 */

import { parse } from "./json.ts";
import { asked, authorization, token } from "./token.ts";

/** How much of an answer that is not JSON is shown as its reason. */
const REASON_MAX = 400;

/** An answer that is not the one that was asked for, with the server's code and words. */
export class Refusal extends Error {
  constructor(
    /** The status; 0 if there was no answer. */
    readonly status: number,
    readonly code: string | null,
    message: string,
    /** After how many seconds to try again, if the server says so. */
    readonly retryAfter: number | null = null,
    /** Further members of the answer, which the page of the code names. */
    readonly more: { readonly [name: string]: unknown } = {},
  ) {
    super(message);
  }
}

export interface Options {
  method?: string;
  body?: string;
  signal?: AbortSignal;
  /** Goes before calls that wait. */
  urgent?: boolean;
  /** May take seconds: other calls do not wait for it. */
  long?: boolean;
  /** Is saved as a file, which takes as long as the line needs. */
  file?: boolean;
  /** The form of the answer, if not JSON. */
  accept?: string;
  /** The hash of the definition that is changed: of another one nothing is. */
  match?: string | null;
}

/** Work that is done one after the other. */
class Lane {
  readonly #waiting: { begin: () => void; urgent: boolean }[] = [];
  #isBusy = false;

  async turn(urgent: boolean): Promise<void> {
    if (!this.#isBusy) {
      this.#isBusy = true;
      return;
    }
    await new Promise<void>((begin) => {
      const place = urgent ? this.#waiting.findIndex((other) => !other.urgent) : -1;
      this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, { begin, urgent });
    });
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next) next.begin();
    else this.#isBusy = false;
  }
}

const usual = new Lane();
const long = new Lane();
const files = new Lane();

/** Calls the server and returns the parsed answer; `undefined` for an answer without a body. Throws a `Refusal`. */
export async function call<T>(path: string, options: Options = {}): Promise<T> {
  return parse<T>((await read(path, options)) || "null");
}

/** Calls the server and returns the text of the answer. Throws a `Refusal`. */
export function read(path: string, options: Options = {}): Promise<string> {
  return inTurn(options, async () => (await open(path, options)).text());
}

/** Does what needs a connection when it is its turn. */
export async function inTurn<T>(options: Options, work: () => Promise<T>): Promise<T> {
  const lane = options.file ? files : options.long ? long : usual;
  await lane.turn(options.urgent ?? false);
  try {
    options.signal?.throwIfAborted();
    return await work();
  } finally {
    lane.release();
  }
}

/** Begins an answer, outside of the order of calls: for the stream. Throws a `Refusal`. */
export async function open(path: string, options: Options = {}): Promise<Response> {
  const { method = "GET", body, signal } = options;
  const sent = token();
  const headers = {
    ...authorization(),
    ...(options.accept ? { accept: options.accept } : {}),
    ...(options.match ? { "if-match": `"${options.match}"` } : {}),
  };
  const init: RequestInit = { method, headers, cache: "no-store" };
  if (body !== undefined) init.body = body;
  if (signal) init.signal = signal;
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch (error) {
    signal?.throwIfAborted();
    throw new Refusal(0, null, error instanceof Error ? error.message : String(error));
  }
  if (answer.ok) return answer;
  const refusal = await refused(answer);
  // Another token may have been given in the meantime.
  if (refusal.status === 401 && sent === token()) asked.value = refusal.message;
  throw refusal;
}

async function refused(answer: Response): Promise<Refusal> {
  const after = Number(answer.headers.get("retry-after")) || null;
  const text = await answer.text().catch(() => "");
  try {
    const problem = JSON.parse(text) as { detail?: string; code?: string };
    if (problem.detail) return new Refusal(answer.status, problem.code ?? null, problem.detail, after, problem);
  } catch {
    // A proxy in between answers in its own way.
  }
  const reason = text.slice(0, REASON_MAX) || answer.statusText;
  return new Refusal(answer.status, null, `${answer.status}: ${reason}`, after);
}

/** Returns the address of a component's call. */
export function of(section: string, id: string, rest = ""): string {
  return `/api/v1/${section}/${encodeURIComponent(id)}${rest}`;
}

/** Returns whether an error only says that nobody waits for the answer any more. */
export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Returns any error as a refusal. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal(0, null, error instanceof Error ? error.message : String(error));
}
