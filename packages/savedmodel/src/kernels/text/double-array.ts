/**
 * A tree of bytes as darts-clone lays it out: one word of 32 bits per node. Words behind the end read as 0, whose label
 * fits no byte but 0, so that a broken array leads nowhere.
 */
export class DoubleArray {
  constructor(readonly units: Uint32Array) {}

  /** The node behind a node by one byte, or -1. */
  next(node: number, byte: number): number {
    const next = (node ^ offsetOf(this.units[node]!) ^ byte) >>> 0;
    const unit = this.units[next];
    return unit !== undefined && (unit & 0x800000ff) === byte ? next : -1;
  }

  /** The node behind a node by some bytes, or -1. */
  walk(node: number, bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end && node !== -1; at++) node = this.next(node, bytes[at]!);
    return node;
  }

  /** The number kept at a node, or -1. */
  valueAt(node: number): number {
    const unit = this.units[node]!;
    if ((unit & 0x100) === 0) return -1;
    const leaf = this.units[(node ^ offsetOf(unit)) >>> 0];
    return leaf === undefined ? -1 : leaf & 0x7fffffff;
  }
}

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
