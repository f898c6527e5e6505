import { type ErrorCode, errorCodes, type Finding, findingOf, isErrorCode, isPaksError, PaksError } from "@paks/schema";

/** Collects what stands in the way, so that the author learns of all of it at once. */
export class Problems {
  readonly #findings: Finding[] = [];

  add(...findings: readonly (Finding | undefined)[]): void {
    for (const finding of findings) {
      if (finding && !this.#findings.some((known) => isSame(known, finding))) this.#findings.push(finding);
    }
  }

  addAll(others: Problems, without: readonly ErrorCode[] = []): void {
    this.add(...others.#findings.filter(({ code }) => !without.some((each) => each === code)));
  }

  has(code: ErrorCode): boolean {
    return this.#findings.some((known) => known.code === code);
  }

  addError(error: PaksError | undefined): void {
    if (error) this.add(findingOf(expectPaksError(error)));
  }

  /** The value, or `undefined` with the failure noted. Ctrl-C and faults of ours end the run as ever. */
  async note<T>(work: Promise<T>): Promise<T | undefined> {
    const { value, error } = await settle(work);
    this.addError(error);
    return value;
  }

  /** As `note`, for what is not asynchronous. */
  try<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.addError(expectPaksError(error));
      return undefined;
    }
  }

  get errors(): readonly Finding[] {
    return this.#findings.filter(({ severity }) => severity === "error");
  }

  get warnings(): readonly Finding[] {
    return this.#findings.filter(({ severity }) => severity === "warning");
  }

  /** @throws PaksError with the first error's code; all of them are in `details.findings` */
  requireNone(what: string): void {
    const [first, ...more] = this.errors;
    if (!first) return;
    const code = isErrorCode(first.code) ? first.code : "INTERNAL";
    const place = { path: first.path, line: first.line, column: first.column, field: first.field };
    const known = Object.entries(place).filter(([, value]) => value !== undefined);
    const message =
      more.length === 0 ? first.message : `${more.length + 1} things stand in the way of ${what}. Nothing was changed.`;
    throw new PaksError(code, message, {
      hint: more.length === 0 ? first.hint : undefined,
      details: { ...Object.fromEntries(known), findings: [...this.errors, ...this.warnings] },
    });
  }
}

const isSame = (a: Finding, b: Finding): boolean =>
  a.severity === b.severity &&
  a.code === b.code &&
  a.path === b.path &&
  a.line === b.line &&
  a.field === b.field &&
  (a.message === b.message || a.path !== undefined || isNetwork(a));

/** Asked twice, a host that is down fails twice: one finding says it. */
const isNetwork = ({ code }: Finding): boolean => isErrorCode(code) && errorCodes[code].exit === 8;

export interface Settled<T> {
  readonly value?: T;
  readonly error?: PaksError;
}

/** The value or the failure as a value; lets work that runs side by side end before its failure is looked at. */
export async function settle<T>(work: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await work };
  } catch (error) {
    return { error: expectPaksError(error) };
  }
}

/** The value, or the failure thrown after all. */
export function requireValue<T>({ value, error }: Settled<T>): T {
  if (error) throw error;
  return value!;
}

/** The same error when it is one that a user can meet; throws what is not, and what ends the run. */
export function expectPaksError(error: unknown): PaksError {
  if (!isPaksError(error) || error.code === "CANCELLED" || error.code === "INTERNAL") throw error;
  return error;
}
