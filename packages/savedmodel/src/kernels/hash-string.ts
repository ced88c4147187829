const MASK = (1n << 64n) - 1n;
const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;

const u64 = (x: bigint) => x & MASK;
const rotate = (x: bigint, by: bigint) => ((x >> by) | (x << (64n - by))) & MASK;
const rotateLeft = (x: bigint, by: bigint) => rotate(x, 64n - by);
const shiftMix = (x: bigint) => x ^ (x >> 47n);
const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function mix16(u: bigint, v: bigint, mul: bigint): bigint {
  const a = shiftMix(u64((u ^ v) * mul));
  return u64(shiftMix(u64((v ^ a) * mul)) * mul);
}

/** FarmHash's `Fingerprint64` (namespace `farmhashna`): TensorFlow's `Fingerprint64`, unsigned. */
export function fingerprint64(bytes: Uint8Array): bigint {
  const data = view(bytes);
  const length = bytes.length;
  const fetch = (at: number) => data.getBigUint64(at, true);
  if (length <= 16) return upTo16(bytes, data);
  const mul = u64(K2 + BigInt(length * 2));
  if (length <= 32) {
    const a = u64(fetch(0) * K1);
    const b = fetch(8);
    const c = u64(fetch(length - 8) * mul);
    const d = u64(fetch(length - 16) * K2);
    const u = u64(rotate(u64(a + b), 43n) + rotate(c, 30n) + d);
    return mix16(u, u64(a + rotate(u64(b + K2), 18n) + c), mul);
  }
  if (length <= 64) {
    const a = u64(fetch(0) * K2);
    const b = fetch(8);
    const c = u64(fetch(length - 8) * mul);
    const d = u64(fetch(length - 16) * K2);
    const y = u64(rotate(u64(a + b), 43n) + rotate(c, 30n) + d);
    const z = mix16(y, u64(a + rotate(u64(b + K2), 18n) + c), mul);
    const e = u64(fetch(16) * mul);
    const f = fetch(24);
    const g = u64((y + fetch(length - 32)) * mul);
    const h = u64((z + fetch(length - 24)) * mul);
    const u = u64(rotate(u64(e + f), 43n) + rotate(g, 30n) + h);
    return mix16(u, u64(e + rotate(u64(f + a), 18n) + g), mul);
  }
  return over64(length, fetch);
}

function upTo16(bytes: Uint8Array, data: DataView): bigint {
  const length = bytes.length;
  const mul = u64(K2 + BigInt(length * 2));
  if (length >= 8) {
    const a = u64(data.getBigUint64(0, true) + K2);
    const b = data.getBigUint64(length - 8, true);
    const c = u64(rotate(b, 37n) * mul + a);
    return mix16(c, u64((rotate(a, 25n) + b) * mul), mul);
  }
  if (length >= 4) {
    const a = BigInt(data.getUint32(0, true));
    return mix16(BigInt(length) + (a << 3n), BigInt(data.getUint32(length - 4, true)), mul);
  }
  if (length > 0) {
    const y = BigInt((bytes[0] ?? 0) + ((bytes[length >> 1] ?? 0) << 8));
    const z = BigInt(length + ((bytes[length - 1] ?? 0) << 2));
    return u64(shiftMix(u64(y * K2) ^ u64(z * K0)) * K2);
  }
  return K2;
}

function over64(length: number, fetch: (at: number) => bigint): bigint {
  const weak = (at: number, a0: bigint, b0: bigint): [bigint, bigint] => {
    let a = u64(a0 + fetch(at));
    const z = fetch(at + 24);
    let b = rotate(u64(b0 + a + z), 21n);
    const c = a;
    a = u64(a + fetch(at + 8) + fetch(at + 16));
    b = u64(b + rotate(a, 44n));
    return [u64(a + z), u64(b + c)];
  };
  const seed = 81n;
  let y = u64(seed * K1 + 113n);
  let z = u64(shiftMix(u64(y * K2 + 113n)) * K2);
  let v: [bigint, bigint] = [0n, 0n];
  let w: [bigint, bigint] = [0n, 0n];
  let x = u64(seed * K2 + fetch(0));
  const end = Math.floor((length - 1) / 64) * 64;
  for (let s = 0; s < end; s += 64) {
    x = u64(rotate(u64(x + y + v[0] + fetch(s + 8)), 37n) * K1);
    y = u64(rotate(u64(y + v[1] + fetch(s + 48)), 42n) * K1);
    x ^= w[1];
    y = u64(y + v[0] + fetch(s + 40));
    z = u64(rotate(u64(z + w[0]), 33n) * K1);
    v = weak(s, u64(v[1] * K1), u64(x + w[0]));
    w = weak(s + 32, u64(z + w[1]), u64(y + fetch(s + 16)));
    [z, x] = [x, z];
  }
  const mul = u64(K1 + ((z & 0xffn) << 1n));
  const s = length - 64;
  w[0] = u64(w[0] + BigInt((length - 1) & 63));
  v[0] = u64(v[0] + w[0]);
  w[0] = u64(w[0] + v[0]);
  x = u64(rotate(u64(x + y + v[0] + fetch(s + 8)), 37n) * mul);
  y = u64(rotate(u64(y + v[1] + fetch(s + 48)), 42n) * mul);
  x ^= u64(w[1] * 9n);
  y = u64(y + v[0] * 9n + fetch(s + 40));
  z = u64(rotate(u64(z + w[0]), 33n) * mul);
  v = weak(s, u64(v[1] * mul), u64(x + w[0]));
  w = weak(s + 32, u64(z + w[1]), u64(y + fetch(s + 16)));
  [z, x] = [x, z];
  const first = u64(mix16(v[0], w[0], mul) + shiftMix(y) * K0 + z);
  return mix16(first, u64(mix16(v[1], w[1], mul) + x), mul);
}

/** Joins two fingerprints (`FingerprintCat64` in tensorflow/core/platform/fingerprint.h). */
export function concatFingerprints(a: bigint, b: bigint): bigint {
  const multiplier = 0xc6a4a7935bd1e995n;
  const mixed = u64(shiftMix(u64(b * multiplier)) * multiplier);
  const result = u64((a ^ multiplier ^ mixed) * multiplier);
  return shiftMix(u64(shiftMix(result) * multiplier));
}

/** TensorFlow's older `Hash64` with its usual seed (tensorflow/core/platform/hash.cc), unsigned. */
export function hash64(bytes: Uint8Array, seed = 0xdecafcaffen): bigint {
  const multiplier = 0xc6a4a7935bd1e995n;
  const data = view(bytes);
  let hash = seed ^ u64(BigInt(bytes.length) * multiplier);
  let at = 0;
  for (; bytes.length - at >= 8; at += 8) {
    const block = u64(shiftMix(u64(data.getBigUint64(at, true) * multiplier)) * multiplier);
    hash = u64((hash ^ block) * multiplier);
  }
  if (at < bytes.length) {
    for (let i = bytes.length - 1; i >= at; i--) hash ^= BigInt(bytes[i] ?? 0) << BigInt((i - at) * 8);
    hash = u64(hash * multiplier);
  }
  return shiftMix(u64(shiftMix(hash) * multiplier));
}

/** SipHash-2-4 with a key of two words: TensorFlow's `StrongKeyedHash`, unsigned. */
export function sipHash(bytes: Uint8Array, key: readonly [bigint, bigint]): bigint {
  const data = view(bytes);
  const [k0, k1] = [u64(key[0]), u64(key[1])];
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const rounds = (count: number) => {
    for (let i = 0; i < count; i++) {
      v0 = u64(v0 + v1);
      v1 = rotateLeft(v1, 13n) ^ v0;
      v0 = rotateLeft(v0, 32n);
      v2 = u64(v2 + v3);
      v3 = rotateLeft(v3, 16n) ^ v2;
      v0 = u64(v0 + v3);
      v3 = rotateLeft(v3, 21n) ^ v0;
      v2 = u64(v2 + v1);
      v1 = rotateLeft(v1, 17n) ^ v2;
      v2 = rotateLeft(v2, 32n);
    }
  };
  const absorb = (block: bigint) => {
    v3 ^= block;
    rounds(2);
    v0 ^= block;
  };
  const whole = bytes.length & ~7;
  for (let at = 0; at < whole; at += 8) absorb(data.getBigUint64(at, true));
  let last = BigInt(bytes.length & 0xff) << 56n;
  for (let i = whole; i < bytes.length; i++) last |= BigInt(bytes[i] ?? 0) << BigInt((i - whole) * 8);
  absorb(last);
  v2 ^= 0xffn;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}
