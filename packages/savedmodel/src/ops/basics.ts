import { MIN_WEIGHT_BYTES, weightOf } from '../onnx/weight.js';
import { OpFamily } from './registry.js';

/** Ops that only hand values on. */
export const basics = new OpFamily('basics')
  .compile('Const', ({ builder, attrs, node }) => {
    const tensor = attrs.tensor('value');
    const large = tensor.dtype !== 'string' && tensor.byteLength >= MIN_WEIGHT_BYTES;
    return large ? builder.weight(weightOf(tensor), node.name) : builder.constant(tensor, node.name);
  })
  // TensorFlow's Identity of a reference variable does not copy: whoever uses it later sees what was assigned meanwhile.
  .compile(
    'Identity StopGradient PreventGradient Snapshot PlaceholderWithDefault GuaranteeConst DeepCopy RefIdentity',
    (context) => context.given(0),
  )
  // What a model prints, it printed for whoever developed it.
  .compile('Print', (context) => context.given(0))
  .compile('PrintV2', () => [])
  .compile('IdentityN', (context) => Array.from({ length: context.inputCount }, (_, i) => context.lowered(i)));
