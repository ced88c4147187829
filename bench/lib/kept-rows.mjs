// The rows of the models that a measurement has been through, kept in a file: a run that is stopped loses none of them.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cacheDirectory } from './models.mjs';

/** Rows by model. */
export class KeptRows {
  #file;
  #writes;
  #rows = new Map();

  /** @param options - `read`: whether to take the rows of the run before; `write`: whether to keep rows for the next */
  constructor(name, { read, write }) {
    this.#file = `${cacheDirectory}rows-${name}.json`;
    this.#writes = write;
    if (read) this.#rows = new Map(readRows(this.#file));
    else if (write) rmSync(this.#file, { force: true });
  }

  has(model) {
    return this.#rows.has(model);
  }

  rowsOf(model) {
    return this.#rows.get(model) ?? [];
  }

  set(model, rows) {
    this.#rows.set(model, rows);
    if (!this.#writes) return;
    mkdirSync(cacheDirectory, { recursive: true });
    writeFileSync(this.#file, JSON.stringify([...this.#rows]));
  }
}

function readRows(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}
