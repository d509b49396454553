/* One call over `fetch`: its address, its token, how long it may be silent, and what answers other than 200 mean. */

import { retryAfter } from "./backoff.js";
import { ProblemError, ProtocolError, UnreachableError, type Problem } from "./errors.js";
import { parse } from "./json.js";

/** What a `Client` is made of. */
export interface ClientOptions {
  /** Where the server is, such as `https://livewell.example.com` or `http://127.0.0.1:7171`; it may have a path. */
  url: string | URL;
  /** The token that is sent; a function is asked before each call, for tokens that expire. */
  token?: string | (() => string | Promise<string>) | undefined;
  /** How long a call may be silent, in milliseconds; 40,000 if absent. Streams have a heartbeat every 15 seconds. */
  silence?: number | undefined;
  /** For how long `results`, `pages`, `rows` and `ingest` retry what may pass, in milliseconds; 10,000 if absent. */
  patience?: number | undefined;
  /** Used in place of the global `fetch`. */
  fetch?: typeof fetch | undefined;
}

/** A call. */
export interface Call {
  path: string;
  accept: string;
  parameters?: Iterable<readonly [string, string]>;
  /** With a body the call is a POST. */
  body?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** How much longer than others the answer may take, since the server waits; in milliseconds. */
  wait?: number;
}

/** An answer with status 200 whose body is still to come. */
export interface Answer {
  headers: Headers;
  /** Returns the body piece by piece. Leaving the loop ends the connection. */
  pieces(): AsyncGenerator<string, void, undefined>;
  /** Ends the connection, whatever is still to come. */
  close(): void;
}

/** Makes calls to one server. */
export class Transport {
  readonly #base: URL;
  readonly #options: ClientOptions;
  readonly silence: number;

  constructor(options: ClientOptions) {
    this.#base = new URL(options.url);
    if (!this.#base.pathname.endsWith("/")) this.#base.pathname += "/";
    this.#options = options;
    this.silence = options.silence ?? 40_000;
  }

  /**
   * Makes a call and returns its answer once the head is there.
   *
   * Throws a `ProblemError` if the server refuses it, an `UnreachableError` if there is no answer, a `ProtocolError` if
   * the answer is of another type than what was asked for, and the reason of `signal` if that is aborted.
   */
  async open(call: Call): Promise<Answer> {
    const guard = new Guard(call.signal, this.silence);
    try {
      guard.wait(call.wait ?? 0);
      const response = await this.#fetch(call, guard.signal);
      if (!response.ok) throw await refusal(response);
      const type = response.headers.get("content-type") ?? "none";
      if (!type.startsWith(call.accept))
        throw new ProtocolError(`${response.url} answers with content of type ${type}, not ${call.accept}`);
      guard.rest();
      return { headers: response.headers, pieces: () => pieces(response, guard), close: () => guard.end() };
    } catch (error) {
      guard.end();
      throw guard.named(error);
    }
  }

  /** Makes a call and returns the whole body as JSON. Throws as `open` does. */
  async json<T>(call: Omit<Call, "accept">): Promise<T> {
    const answer = await this.open({ ...call, accept: "application/json" });
    let text = "";
    for await (const piece of answer.pieces()) text += piece;
    return read<T>(text);
  }

  async #fetch({ path, accept, parameters, body, headers }: Call, signal: AbortSignal): Promise<Response> {
    const url = new URL(path, this.#base);
    for (const [name, value] of parameters ?? []) url.searchParams.append(name, value);
    const token = await this.#token();
    const sent: Record<string, string> = { ...headers, accept };
    if (token !== undefined) sent["authorization"] = `Bearer ${token}`;
    const init: RequestInit = {
      method: body === undefined ? "GET" : "POST",
      headers: sent,
      signal,
      cache: "no-store",
      credentials: "omit",
    };
    if (body !== undefined) init.body = body;
    try {
      return await (this.#options.fetch ?? fetch)(url, init);
    } catch (error) {
      throw new UnreachableError(`could not reach ${url.origin}: ${reason(error)}`, { cause: error });
    }
  }

  async #token(): Promise<string | undefined> {
    const { token } = this.#options;
    if (typeof token !== "function") return token;
    try {
      return await token();
    } catch (error) {
      throw new UnreachableError(`could not get a token: ${reason(error)}`, { cause: error });
    }
  }
}

/** Parses what a server has sent; throws a `ProtocolError` if it is not JSON. */
export function read<T>(text: string): T {
  try {
    return parse<T>(text);
  } catch (error) {
    throw new ProtocolError(`the server sent something that is not JSON: ${text.slice(0, 100)}`, { cause: error });
  }
}

/** Ends a connection that is silent for too long, or whose caller gives up. */
class Guard {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #silence: number;
  readonly #giveUp = (): void => this.#controller.abort();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isSilent = false;

  constructor(caller: AbortSignal | undefined, silence: number) {
    this.#caller = caller;
    this.#silence = silence;
    caller?.addEventListener("abort", this.#giveUp);
    if (caller?.aborted) this.#giveUp();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Begins to wait for something to come: it may take so many milliseconds longer than usual. */
  wait(longer = 0): void {
    this.rest();
    this.#timer = setTimeout(() => {
      this.#isSilent = true;
      this.#controller.abort();
    }, this.#silence + longer);
  }

  /** Something has come. How long its reader takes does not count as silence. */
  rest(): void {
    clearTimeout(this.#timer);
  }

  /** Ends the connection. */
  end(): void {
    this.rest();
    this.#caller?.removeEventListener("abort", this.#giveUp);
    this.#controller.abort();
  }

  /** Returns why the connection ended: the abort that caused an error, or the error itself. */
  named(error: unknown): unknown {
    if (this.#caller?.aborted) return this.#caller.reason;
    if (this.#isSilent)
      return new UnreachableError(`nothing came from the server for ${this.#silence / 1000} seconds`, { cause: error });
    return error;
  }
}

async function* pieces(response: Response, guard: Guard): AsyncGenerator<string, void, undefined> {
  const reader = response.body?.getReader();
  // A character may be cut in two by the pieces.
  const decoder = new TextDecoder();
  try {
    while (reader !== undefined) {
      guard.wait();
      const { done, value } = await reader.read();
      guard.rest();
      if (done) break;
      yield decoder.decode(value, { stream: true });
    }
  } catch (error) {
    throw guard.named(new UnreachableError(`the connection broke: ${reason(error)}`, { cause: error }));
  } finally {
    guard.end();
  }
}

async function refusal(response: Response): Promise<ProblemError> {
  const after = retryAfter(response.headers.get("retry-after"));
  const problem = (await response.json().catch(() => null)) as Problem | null;
  return new ProblemError(response.status, typeof problem === "object" && problem !== null ? problem : {}, after);
}

/** Returns what an error says, with its cause: Node's `fetch` hides there what has failed. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message ? error.cause.message : error.message;
}
