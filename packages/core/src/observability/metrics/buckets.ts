/** Finite upper limits of a histogram's buckets, ascending; a last bucket without limit follows them. */
export type BucketLimits = readonly number[];

/** `count` limits, the first one `scale` and each the `growth`-fold of the one before. */
export function exponentialBuckets(scale: number, growth: number, count: number): BucketLimits {
  const limits: number[] = [];
  for (let limit = scale; limits.length < count; limit *= growth) limits.push(limit);
  return limits;
}

/** The bucket that a value falls into. A value that equals a limit is in the bucket above it, as in TensorFlow. */
export function bucketIndex(limits: BucketLimits, value: number): number {
  let low = 0;
  let high = limits.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (limits[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
