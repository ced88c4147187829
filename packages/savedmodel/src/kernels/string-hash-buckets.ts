import { Tensor } from '@servable/tensor';
import { stringsOf } from './byte-strings.js';
import { fingerprint64, hash64, sipHash } from './hash-string.js';

/** `StringToHashBucketFast` (FarmHash) and `StringToHashBucket` (TensorFlow's older `Hash64`). */
export function stringHashBuckets(input: Tensor, buckets: bigint, hash: 'farm' | 'murmur'): Tensor<'int64'> {
  return bucketed(input, buckets, hash === 'farm' ? fingerprint64 : (bytes) => hash64(bytes));
}

/** `StringToHashBucketStrong`: SipHash with a key. */
export function strongHashBuckets(input: Tensor, buckets: bigint, key: readonly [bigint, bigint]): Tensor<'int64'> {
  return bucketed(input, buckets, (bytes) => sipHash(bytes, key));
}

function bucketed(input: Tensor, buckets: bigint, hash: (bytes: Uint8Array) => bigint): Tensor<'int64'> {
  const strings = stringsOf(input);
  const data = new BigInt64Array(strings.length);
  strings.forEach((bytes, i) => (data[i] = hash(bytes) % buckets));
  return new Tensor('int64', input.shape, data);
}
