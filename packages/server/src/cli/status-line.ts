/** Erases the line that the cursor is in. */
const erase = '\r\x1b[K';

/** A line at the bottom of a terminal that is written anew, and what is written above it. */
export class StatusLine {
  readonly #write: (text: string) => void;
  readonly #columns: () => number | undefined;
  #line = '';

  /** @param columns - of the terminal now, where it says so: what does not fit would become lines that stay */
  constructor(write: (text: string) => void, columns: () => number | undefined = () => undefined) {
    this.#write = write;
    this.#columns = columns;
  }

  /** Writes whole lines above the status. */
  readonly print = (text: string): void => {
    this.#write(this.#line === '' ? text : `${erase}${text}${this.#line}`);
  };

  /** Shows a status in place of the one before; an empty one takes it away. */
  readonly show = (given: string): void => {
    const columns = this.#columns() ?? Infinity;
    const line = given.length < columns ? given : `${given.slice(0, columns - 2)}…`;
    if (line === this.#line) return;
    this.#write(`${this.#line === '' ? '' : erase}${line}`);
    this.#line = line;
  };
}
