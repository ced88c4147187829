import { OpFamily } from './registry.js';

/** Ops that only hand values on. */
export const basics = new OpFamily('basics')
  .compile('Const', ({ builder, attrs, node }) => builder.constant(attrs.tensor('value'), node.name))
  .compile('Identity StopGradient PreventGradient Snapshot PlaceholderWithDefault', (context) => context.input(0))
  .compile('IdentityN', (context) => context.inputs());
