/** Numbers in a typed array that doubles when it is full. */
export class GrowingArray<A extends Int32Array | Float32Array | Float64Array | Uint8Array> {
  #array: A;
  length = 0;

  constructor(private readonly make: (length: number) => A) {
    this.#array = make(64);
  }

  push(value: number): void {
    if (this.length === this.#array.length) {
      const larger = this.make(this.length * 2);
      larger.set(this.#array);
      this.#array = larger;
    }
    this.#array[this.length++] = value;
  }

  get(index: number): number {
    return this.#array[index] ?? NaN;
  }

  set(index: number, value: number): void {
    this.#array[index] = value;
  }

  /** All numbers so far, in an array of just that length. */
  toArray(): A {
    return this.#array.slice(0, this.length) as A;
  }
}
