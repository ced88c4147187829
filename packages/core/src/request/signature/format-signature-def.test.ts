import { DataType } from '@servable/protos/tensorflow';
import { expect, it } from 'vitest';
import { signatureDef } from '../handlers/testing/fake-servables.js';
import { formatSignatureDef } from './format-signature-def.js';

it('shows a signature as protobuf text', () => {
  const signature = signatureDef({ x: [DataType.DT_FLOAT, [-1, 0]] }, { 'say "y"': [DataType.DT_STRING] });
  expect(formatSignatureDef(signature)).toBe(
    `inputs {
  key: "x"
  value {
    name: "x:0"
    dtype: DT_FLOAT
    tensor_shape {
      dim {
        size: -1
      }
      dim {
      }
    }
  }
}
outputs {
  key: "say \\"y\\""
  value {
    name: "say \\"y\\":0"
    dtype: DT_STRING
    tensor_shape {
      unknown_rank: true
    }
  }
}
method_name: "tensorflow/serving/predict"
`,
  );
});
