import type { Tensor } from '@servable/tensor';
import type { LookupTable } from '../kernels/lookup-table.js';
import type { Philox } from '../kernels/philox.js';
import { SavedModelError } from '../diagnostics/saved-model-error.js';

/**
 * The variables that the signatures of one loaded model change: one store per loaded version, shared by its signatures.
 *
 * Every op on a variable is atomic, as in TensorFlow: what {@link update} reads and writes belongs together, and a value
 * that was read never changes afterwards. Several ops of one call are not atomic together: other calls may come between
 * them, and a call that fails leaves behind what it has written.
 */
export class VariableStore {
  private readonly values = new Map<string, Tensor | undefined>();
  private readonly tables = new Map<string, LookupTable>();
  private readonly generators = new Map<string, Philox>();

  /** Adds variables with their first values; those that are there already stay as they are. */
  seed(initial: ReadonlyMap<string, Tensor | undefined>): void {
    for (const [key, tensor] of initial) if (!this.values.has(key)) this.values.set(key, tensor);
  }

  isInitialized(key: string): boolean {
    return this.values.get(key) !== undefined;
  }

  /** @throws SavedModelError FAILED_PRECONDITION for a variable without a value */
  read(key: string): Tensor {
    const value = this.values.get(key);
    if (value === undefined) {
      throw new SavedModelError(
        'FAILED_PRECONDITION',
        'UNINITIALIZED_VARIABLE',
        `Variable '${key}' is read before a value was assigned to it.`,
        { node: key },
      );
    }
    return value;
  }

  /** @param value - a tensor that nobody changes afterwards */
  assign(key: string, value: Tensor): void {
    this.values.set(key, value);
  }

  /** Takes a variable its value. */
  destroy(key: string): void {
    this.values.set(key, undefined);
  }

  /** A lookup table that requests change, made when it is first needed. */
  table(key: string, make: (store: VariableStore) => LookupTable): LookupTable {
    let table = this.tables.get(key);
    if (table === undefined) {
      table = make(this);
      this.tables.set(key, table);
    }
    return table;
  }

  /** The generator of an op that draws random numbers, made when it is first needed; all plans of the model share it. */
  generator(key: string, start: () => Philox): Philox {
    let generator = this.generators.get(key);
    if (generator === undefined) {
      generator = start();
      this.generators.set(key, generator);
    }
    return generator;
  }

  /** Replaces a value by what `change` makes of it. @throws what {@link read} and `change` throw */
  update(key: string, change: (value: Tensor) => Tensor): Tensor {
    const value = change(this.read(key));
    this.values.set(key, value);
    return value;
  }
}
