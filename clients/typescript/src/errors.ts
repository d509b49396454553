/* The errors of this client, by what a caller can do about them. */

/** The base of all errors that this client throws on its own account. */
export class LivewellError extends Error {
  override name = "LivewellError";
}

/** A server could not be reached, or a connection ended or went silent. The same call may work later. */
export class UnreachableError extends LivewellError {
  override name = "UnreachableError";
}

/**
 * What came is not what a Livewell server sends: another program answers at this address, or something in between
 * alters the answers.
 */
export class ProtocolError extends LivewellError {
  override name = "ProtocolError";
}

/** The members of a problem document (RFC 9457). Some codes have further ones, which their pages name. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  [member: string]: unknown;
}

/** The server has refused a call. */
export class ProblemError extends LivewellError {
  override name = "ProblemError";

  constructor(
    /** The HTTP status. */
    readonly status: number,
    /** The whole problem document; empty if the answer was not one, such as that of a proxy. */
    readonly problem: Problem,
    /** After how many milliseconds the server asks to be called again; null if it does not say. */
    readonly retryAfter: number | null = null,
  ) {
    super(problem.detail ?? `the server answered with status ${status}`);
  }

  /**
   * The code of the error, such as `LW0501`; null if the answer was not from Livewell. `livewell explain CODE` explains
   * it.
   */
  get code(): string | null {
    return this.problem.code ?? null;
  }

  /** What happened, where, and what to do. */
  get detail(): string {
    return this.message;
  }
}

/** The code of results that have not come to a position in time: waiting longer is the caller's decision. */
const NOT_YET = "LW0705";
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504, 507]);

/** Returns whether the same call may work later without anybody changing anything. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ProblemError) return PASSING.has(error.status) && error.code !== NOT_YET;
  return error instanceof UnreachableError;
}
