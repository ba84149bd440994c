// The one error class of the product. Rules return, services throw, edges translate: nobody else catches. The message is for the person
// at the screen and says the next step; the cause is for our log and never leaves the process.

/** Status each kind of problem answers with on every HTTP surface. */
export const statusOf = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  conflict: 409,
  large: 413,
  limit: 429,
  bug: 500,
  unavailable: 503,
} as const;

export type ProblemKind = keyof typeof statusOf;

/** What a client reads: stable code `domain.reason`, a sentence, and machine-readable detail such as the field at fault. */
export type ProblemBody = { error: { kind: ProblemKind; code: string; message: string; detail?: unknown } };

/** A refusal or failure with a kind (status), a code declared in a contract and a sentence that says the next step. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly code: string;
  readonly detail: unknown;

  constructor(kind: ProblemKind, code: string, message: string, more: { detail?: unknown; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.name = "Problem";
    this.kind = kind;
    this.code = code;
    this.detail = more.detail;
  }

  get status(): number {
    return statusOf[this.kind];
  }

  toBody(): ProblemBody {
    const detail = this.detail === undefined ? {} : { detail: this.detail };
    return { error: { kind: this.kind, code: this.code, message: this.message, ...detail } };
  }
}

/** Another tenant's object and an absent one get the same answer, so that ids cannot be probed. */
export const missing = (noun: string, id: string): Problem =>
  new Problem(
    "missing",
    `${noun}.missing`,
    `There is no ${noun.replace("_", " ")} ${id} here. Check the id, or open the list and choose one.`,
  );

/** Anything thrown becomes a Problem; what we did not foresee is a bug whose message tells nothing of the inside. */
export const asProblem = (thrown: unknown): Problem =>
  thrown instanceof Problem
    ? thrown
    : new Problem("bug", "house.bug", "Something broke on our side. It is in the log; try again, or report it with the time.", {
        cause: thrown,
      });

/** Problems cross module copies (Next bundles its own), so identity is by shape, not by class. */
export const isProblem = (thrown: unknown): thrown is Problem =>
  thrown instanceof Error && thrown.name === "Problem" && "kind" in thrown && "code" in thrown;
