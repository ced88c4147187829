/** A buffer of bytes that grows at its end. */
export class ByteWriter {
  /** Use only after {@link reserve}: growing replaces it. */
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` more bytes, and gives the storage to write them to, from {@link length} on. */
  reserve(count: number): Uint8Array {
    if (this.length + count > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    return this.bytes;
  }

  byte(value: number): void {
    this.reserve(1)[this.length++] = value;
  }

  /** Appends text that is all ASCII. */
  ascii(text: string): void {
    const bytes = this.reserve(text.length);
    let at = this.length;
    for (let k = 0; k < text.length; k++) bytes[at++] = text.charCodeAt(k);
    this.length = at;
  }

  /** What was written, as a view of the storage. */
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
