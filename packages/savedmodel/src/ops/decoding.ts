import { dtypeInfo, type DType, type Tensor } from '@servable/tensor';
import { NO_BYTES } from '../kernels/byte-strings.js';
import {
  decodeBase64,
  decodeCompressed,
  decodePaddedRaw,
  decodeRaw,
  encodeBase64,
  parseTensor,
  serializeTensor,
  stringToNumber,
} from '../kernels/decode-bytes.js';
import { decodeCsv, type CsvOptions } from '../kernels/decode-csv.js';
import { fingerprintRows } from '../kernels/fingerprint-rows.js';
import { scalarString } from '../kernels/regex.js';
import type { ParsedDType } from '../kernels/parse-number.js';
import { knownIntegers } from '../onnx/known-shapes.js';
import { OpFamily, type OpContext } from './registry.js';
import { hostValue, hostValues } from './host-value.js';

/** Strings to strings of the same shape. */
const mapped = (context: OpContext, dtype: DType, kernel: (input: Tensor) => Tensor) =>
  hostValue(context, [context.input(0)], { dtype, shape: context.input(0).shape }, kernel);

/** Bytes and text to tensors, and back. */
export const decoding = new OpFamily('decoding')
  .host('DecodeRaw', (context) => {
    const dtype = context.attrs.dtype('out_type');
    const little = context.attrs.bool('little_endian', true);
    const x = context.input(0);
    const shape = x.shape && [...x.shape, context.builder.unknownDim()];
    return hostValue(context, [x], { dtype, shape }, (bytes) => decodeRaw(bytes, dtype, little));
  })
  .host('DecodePaddedRaw', (context) => {
    const dtype = context.attrs.dtype('out_type');
    const little = context.attrs.bool('little_endian', true);
    const [length] = knownIntegers(context.input(1)) ?? [];
    const width = length === undefined ? context.builder.unknownDim() : Math.floor(length / dtypeInfo(dtype).bytes);
    const shape = context.input(0).shape && [...(context.input(0).shape ?? []), width];
    return hostValue(context, context.inputs(), { dtype, shape }, (bytes, size) =>
      decodePaddedRaw(bytes, size, dtype, little),
    );
  })
  .host('EncodeBase64', (context) => {
    const pad = context.attrs.bool('pad', false);
    return mapped(context, 'string', (x) => encodeBase64(x, pad));
  })
  .host('DecodeBase64', (context) => mapped(context, 'string', decodeBase64))
  .host('StringToNumber', (context) => {
    const dtype = context.attrs.dtype('out_type', 'float32');
    if (!isParsed(dtype)) throw context.refuse(`text is not read as ${dtype}`);
    return mapped(context, dtype, (x) => stringToNumber(x, dtype));
  })
  .host('DecodeCompressed', (context) => {
    const kind = context.attrs.string('compression_type', '');
    if (kind !== '' && kind !== 'ZLIB' && kind !== 'GZIP') throw context.refuse(`its compression is '${kind}'`);
    return mapped(context, 'string', (x) => decodeCompressed(x, kind));
  })
  .host('DecodeCSV', (context) => {
    const { attrs } = context;
    const dtypes = attrs.dtypes('OUT_TYPE');
    const [delimiter = 0x2c, ...more] = attrs.bytes('field_delim', Uint8Array.of(0x2c));
    if (more.length > 0) throw context.refuse('its field_delim is longer than one byte');
    const foreign = dtypes.find((dtype) => dtype !== 'string' && !isParsed(dtype));
    if (foreign !== undefined) throw context.refuse(`fields are not read as ${foreign}`);
    const options: CsvOptions = {
      dtypes,
      delimiter,
      quotes: attrs.bool('use_quote_delim', true),
      missing: attrs.bytes('na_value', NO_BYTES),
      columns: attrs.ints('select_cols', []),
    };
    const { shape } = context.input(0);
    return hostValues(
      context,
      context.inputs(),
      dtypes.map((dtype) => ({ dtype, shape })),
      (records, ...defaults) => decodeCsv(records, defaults, options),
    );
  })
  .host('ParseTensor', (context) => {
    const dtype = context.attrs.dtype('out_type');
    return hostValue(context, context.inputs(), { dtype, shape: undefined }, (x) => parseTensor(x, dtype));
  })
  .host('SerializeTensor', (context) =>
    hostValue(context, context.inputs(), { dtype: 'string', shape: [] }, serializeTensor),
  )
  .host('Fingerprint', (context) => {
    const rows = context.input(0).shape?.[0] ?? context.builder.unknownDim();
    return hostValue(context, context.inputs(), { dtype: 'uint8', shape: [rows, 8] }, (data, method) =>
      fingerprintRows(data, new TextDecoder().decode(scalarString(method, '`method`'))),
    );
  });

function isParsed(dtype: DType): dtype is ParsedDType {
  return ['float32', 'float64', 'int32', 'int64', 'uint32', 'uint64'].includes(dtype);
}
