/** Text format of what requests and answers have in common. */

export function spec(name: string, more = ''): string {
  return `model_spec { name: ${JSON.stringify(name)} ${more} }`;
}

/** The model_spec of an answer. */
export function answered(name: string, version: number, signature = 'serving_default'): string {
  return `model_spec { name: "${name}" version { value: ${version} } signature_name: "${signature}" }`;
}

/** A TensorProto: `tensor('DT_FLOAT', [2], 'float_val: [1, 2]')`. */
export function tensor(dtype: string, shape: readonly number[], values: string): string {
  const dims = shape.map((size) => `dim { size: ${size} }`).join(' ');
  return `dtype: ${dtype} tensor_shape { ${dims} } ${values}`;
}

export function input(alias: string, proto: string): string {
  return `inputs { key: "${alias}" value { ${proto} } }`;
}

export function output(alias: string, proto: string): string {
  return `outputs { key: "${alias}" value { ${proto} } }`;
}

/** A list of Examples, each with the float features given. */
export function examples(...features: readonly Readonly<Record<string, number>>[]): string {
  return `input { example_list { ${features.map((each) => `examples { ${example(each)} }`).join(' ')} } }`;
}

export function withContext(
  context: Readonly<Record<string, number>>,
  ...features: readonly Readonly<Record<string, number>>[]
): string {
  const list = features.map((each) => `examples { ${example(each)} }`).join(' ');
  return `input { example_list_with_context { ${list} context { ${example(context)} } } }`;
}

function example(features: Readonly<Record<string, number>>): string {
  const entries = Object.entries(features).map(
    ([name, value]) => `feature { key: "${name}" value { float_list { value: ${value} } } }`,
  );
  return `features { ${entries.join(' ')} }`;
}
