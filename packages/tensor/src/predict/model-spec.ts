import { invalidArgument } from '../tensor-error.js';
import { wireBytes, wireVarint, type WireReader } from '../wire/wire-reader.js';
import { textSize, fieldSize, varint64Size, writeTextField, writeVarint, writeVarint64 } from '../wire/wire-writer.js';

/** Which model a call is for (`tensorflow.serving.ModelSpec`). At most one of `version` and `versionLabel` is set. */
export interface ModelSpecFields {
  readonly name: string;
  readonly version?: bigint | undefined;
  readonly versionLabel?: string | undefined;
  /** Empty means `serving_default`. */
  readonly signatureName: string;
}

interface MutableModelSpec {
  name: string;
  version?: bigint | undefined;
  versionLabel?: string | undefined;
  signatureName: string;
}

/** Reads a ModelSpec record; a second one in the same message is merged into the first, as protobuf does. */
export function readModelSpec(reader: WireReader, earlier: ModelSpecFields | undefined): ModelSpecFields {
  const spec: MutableModelSpec = { ...(earlier ?? { name: '', signatureName: '' }) };
  const length = reader.length();
  const outer = reader.end;
  const end = (reader.end = reader.pos + length);
  while (reader.pos < end) {
    const tag = reader.tag();
    switch (tag) {
      case (1 << 3) | wireBytes:
        spec.name = reader.text();
        break;
      case (2 << 3) | wireBytes:
        spec.version = readInt64Value(reader, spec.version ?? 0n);
        spec.versionLabel = undefined;
        break;
      case (3 << 3) | wireBytes:
        spec.signatureName = reader.text();
        break;
      case (4 << 3) | wireBytes:
        spec.versionLabel = reader.text();
        spec.version = undefined;
        break;
      default:
        reader.skip(tag);
    }
  }
  reader.end = outer;
  return spec;
}

function readInt64Value(reader: WireReader, earlier: bigint): bigint {
  let value = earlier;
  const length = reader.length();
  const outer = reader.end;
  const end = (reader.end = reader.pos + length);
  while (reader.pos < end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | wireVarint)) value = reader.int64();
    else reader.skip(tag);
  }
  reader.end = outer;
  return value;
}

/** A ModelSpec ready to be written. */
export interface ModelSpecPlan {
  readonly spec: ModelSpecFields;
  /** 32-bit halves of the version. */
  readonly version: { readonly low: number; readonly high: number } | undefined;
  readonly size: number;
}

/**
 * Works out the encoded size of a ModelSpec.
 *
 * @throws TensorError INVALID_ARGUMENT `INVALID_MODEL_SPEC` for both a version and a label, or a version over 64 bits
 */
export function planModelSpec(spec: ModelSpecFields): ModelSpecPlan {
  if (spec.version !== undefined && spec.versionLabel !== undefined) {
    throw invalidArgument(
      'INVALID_MODEL_SPEC',
      `Expected a version or a version label, given version ${spec.version} and label ${spec.versionLabel}`,
    );
  }
  if (spec.version !== undefined && BigInt.asIntN(64, spec.version) !== spec.version) {
    throw invalidArgument('INVALID_MODEL_SPEC', `Expected a version of 64 bits, given ${spec.version}`);
  }
  const bits = spec.version === undefined ? undefined : BigInt.asUintN(64, spec.version);
  const version = bits === undefined ? undefined : { low: Number(bits & 0xffffffffn), high: Number(bits >> 32n) };
  let size = 0;
  if (spec.name !== '') size += fieldSize(textSize(spec.name));
  if (version !== undefined) size += fieldSize(int64ValueSize(version));
  if (spec.signatureName !== '') size += fieldSize(textSize(spec.signatureName));
  if (spec.versionLabel !== undefined) size += fieldSize(textSize(spec.versionLabel));
  return { spec, version, size };
}

/** Protobuf leaves out a zero. */
function int64ValueSize({ low, high }: { readonly low: number; readonly high: number }): number {
  return low === 0 && high === 0 ? 0 : 1 + varint64Size(low, high);
}

/** Writes a planned ModelSpec as field `field`; gives the position after it. */
export function writeModelSpec(target: Uint8Array, start: number, field: number, plan: ModelSpecPlan): number {
  const { version } = plan;
  const { name, signatureName, versionLabel } = plan.spec;
  target[start] = (field << 3) | wireBytes;
  let pos = writeVarint(target, start + 1, plan.size);
  if (name !== '') pos = writeTextField(target, pos, 1, name, textSize(name));
  if (version !== undefined) {
    const size = int64ValueSize(version);
    target[pos++] = (2 << 3) | wireBytes;
    target[pos++] = size;
    if (size > 0) {
      target[pos++] = (1 << 3) | wireVarint;
      pos = writeVarint64(target, pos, version.low, version.high);
    }
  }
  if (signatureName !== '') pos = writeTextField(target, pos, 3, signatureName, textSize(signatureName));
  if (versionLabel !== undefined) pos = writeTextField(target, pos, 4, versionLabel, textSize(versionLabel));
  return pos;
}
