/** Erases the line that the cursor is in. */
const erase = '\r\x1b[K';

/** A line at the bottom of a terminal that is written anew, and what is written above it. */
export class StatusLine {
  readonly #write: (text: string) => void;
  #line = '';

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Writes whole lines above the status. */
  readonly print = (text: string): void => {
    this.#write(this.#line === '' ? text : `${erase}${text}${this.#line}`);
  };

  /** Shows a status in place of the one before; an empty one takes it away. */
  readonly show = (line: string): void => {
    if (line === this.#line) return;
    this.#write(`${this.#line === '' ? '' : erase}${line}`);
    this.#line = line;
  };
}
