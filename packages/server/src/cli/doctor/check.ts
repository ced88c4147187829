/** `warning`: serving works, though not everything does. */
export type CheckStatus = 'ok' | 'warning' | 'error';

/** One thing that was looked at. */
export interface Check {
  /** Stable word for machines. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly status: CheckStatus;
  /** What was found. */
  readonly found: string;
  /** What to do about it, when it is not well. */
  readonly advice?: string;
  /** The same as values. */
  readonly details?: Readonly<Record<string, unknown>>;
}
