import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';

/**
 * A contraction of two operands is one MatMul between transpositions and reshapes, most of which fold into a constant
 * operand or vanish; the engine's own Einsum does the same work anew on every run. Other forms are left to it.
 */
export function lowerEinsum(builder: Builder, given: string, operands: readonly Value[]): Value {
  const equation = given.replaceAll(' ', '');
  const { text, inputs } = spellOut(builder, equation, withRanks(builder, equation, operands));
  const product = inputs.length === 2 ? contraction(builder, text, inputs[0] as Value, inputs[1] as Value) : undefined;
  if (product !== undefined) return product;
  return builder.emit(
    'Einsum',
    inputs,
    { equation: text },
    {
      dtype: (inputs[0] as Value).dtype,
      shape: einsumShape(text, inputs),
    },
  );
}

/** The labels of an operand say how many dimensions it has, where nothing else does. */
function withRanks(builder: Builder, equation: string, operands: readonly Value[]): readonly Value[] {
  const terms = equation.split('->')[0]?.split(',') ?? [];
  return operands.map((value, i) => {
    const labels = terms[i];
    if (value.shape !== undefined || labels === undefined || labels.includes('.')) return value;
    return { ...value, shape: [...labels].map(() => builder.unknownDim()) };
  });
}

/**
 * Writes an ellipsis out as labels, where ranks are known. A dimension of 1 that broadcasts loses its label: a label
 * means one size.
 */
function spellOut(
  builder: Builder,
  text: string,
  operands: readonly Value[],
): { readonly text: string; readonly inputs: readonly Value[] } {
  const [left = '', result] = text.split('->');
  const terms = left.split(',');
  const ranks = operands.map((value) => value.shape?.length);
  if (!text.includes('...') || result === undefined || ranks.includes(undefined)) return { text, inputs: operands };
  const covered = terms.map((term, i) => (term.includes('...') ? (ranks[i] ?? 0) - (term.length - 3) : 0));
  const count = Math.max(...covered);
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'].filter((label) => !text.includes(label));
  const labels = free.slice(0, count);
  const spelled = terms.map((term, i) => {
    const [before = '', after = ''] = term.split('...');
    return term.includes('...') ? [...before, ...labels.slice(count - (covered[i] ?? 0)), ...after] : [...term];
  });
  const isOne = (i: number, label: string) => operands[i]?.shape?.[spelled[i]?.indexOf(label) ?? -1] === 1;
  const wide = (label: string) => spelled.some((own, i) => own.includes(label) && !isOne(i, label));
  const inputs = operands.map((value, i) => {
    const dropped = spelled[i]?.flatMap((label, at) =>
      labels.includes(label) && isOne(i, label) && wide(label) ? [at] : [],
    );
    spelled[i] = spelled[i]?.filter((_, at) => !dropped?.includes(at)) ?? [];
    return builder.squeeze(value, dropped ?? []);
  });
  const output = result.replace('...', labels.join(''));
  return { text: `${spelled.map((own) => own.join('')).join(',')}->${output}`, inputs };
}

type Labels = readonly string[];

function contraction(builder: Builder, equation: string, left: Value, right: Value): Value | undefined {
  const [operands, result] = equation.split('->');
  if (operands === undefined || result === undefined || equation.includes('.')) return undefined;
  const [a = [], b = []] = operands.split(',').map((labels): Labels => [...labels]);
  const out = [...result];
  const repeated = (labels: Labels) => new Set(labels).size !== labels.length;
  if (repeated(a) || repeated(b) || repeated(out)) return undefined;
  if (left.shape?.length !== a.length || right.shape?.length !== b.length) return undefined;
  const batch = out.filter((label) => a.includes(label) && b.includes(label));
  const sum = a.filter((label) => b.includes(label) && !out.includes(label));
  const ofA = out.filter((label) => a.includes(label) && !b.includes(label));
  const ofB = out.filter((label) => b.includes(label) && !a.includes(label));
  // A label that only one operand has and the result lacks would have to be summed first.
  if (a.length !== batch.length + sum.length + ofA.length || b.length !== batch.length + sum.length + ofB.length)
    return undefined;
  // The operand whose free labels come last in the result goes to the right, which spares a transposition.
  const swap = ofA.length > 0 && ofB.length > 0 && out.indexOf(ofA[0] ?? '') > out.indexOf(ofB[0] ?? '');
  const [x, xLabels, xFree] = swap ? ([right, b, ofB] as const) : ([left, a, ofA] as const);
  const [y, yLabels, yFree] = swap ? ([left, a, ofA] as const) : ([right, b, ofB] as const);
  const size = sizes([a, left], [b, right]);

  // A plain matrix on the right keeps all leading dimensions of the left: no merging needed there.
  const leading = batch.length === 0 && xFree.length > 0;
  const xMatrix = matrix(builder, x, xLabels, batch, xFree, sum, size, leading ? 'keep' : 'merge');
  const yMatrix = matrix(builder, y, yLabels, batch, sum, yFree, size, 'merge');
  if (xMatrix === undefined || yMatrix === undefined) return undefined;
  const product = builder.emit('MatMul', [xMatrix, yMatrix]);
  const order = [...batch, ...xFree, ...yFree];
  const dims = order.map(size);
  const merged = (!leading && xFree.length !== 1) || yFree.length !== 1;
  const shaped = merged ? reshapeLike(builder, product, dims) : product;
  if (shaped === undefined) return undefined;
  return builder.transpose(
    shaped,
    out.map((label) => order.indexOf(label)),
  );
}

/** Where the size of a label is: known, or the dimension of an operand. */
type Size = number | { readonly of: Value; readonly axis: number };

function sizes(...operands: readonly (readonly [Labels, Value])[]): (label: string) => Size {
  return (label) => {
    let unknown: Size = 1;
    for (const [labels, value] of operands) {
      const axis = labels.indexOf(label);
      if (axis < 0) continue;
      const dim = value.shape?.[axis];
      if (typeof dim === 'number') return dim;
      unknown = { of: value, axis };
    }
    return unknown;
  };
}

/** An operand as `[batch…, rows, columns]`. */
function matrix(
  builder: Builder,
  value: Value,
  labels: Labels,
  batch: Labels,
  rows: Labels,
  columns: Labels,
  size: (label: string) => Size,
  leadingRows: 'keep' | 'merge',
): Value | undefined {
  const order = [...batch, ...rows, ...columns];
  const transposed = builder.transpose(
    value,
    order.map((label) => labels.indexOf(label)),
  );
  const mergeRows = leadingRows === 'merge' && rows.length !== 1;
  if (!mergeRows && columns.length === 1) return transposed;
  const group = (members: Labels): Size | undefined => {
    if (members.length === 1) return size(members[0] ?? '');
    const known = members.map(size);
    return known.every((dim) => typeof dim === 'number') ? known.reduce((x, y) => x * y, 1) : undefined;
  };
  const lead = mergeRows ? [...batch.map(size), group(rows)] : [...batch, ...rows].map(size);
  return reshapeLike(builder, transposed, [...lead, group(columns)]);
}

/** Reshapes to sizes of which one may be unknown (undefined) and others may be read from operands. */
function reshapeLike(builder: Builder, value: Value, dims: readonly (Size | undefined)[]): Value | undefined {
  if (dims.filter((dim) => dim === undefined).length > 1) return undefined;
  const entries = dims.map((dim) => dim ?? -1);
  return builder.reshapeTo(value, builder.dims(entries));
}

function einsumShape(equation: string, inputs: readonly Value[]) {
  const [operands, result] = equation.split('->');
  if (operands === undefined || result === undefined || equation.includes('.')) return undefined;
  const labels = operands.split(',').map((text) => [...text]);
  return [...result].map((label) => {
    for (const [i, own] of labels.entries()) {
      const dim = inputs[i]?.shape?.[own.indexOf(label)];
      if (own.includes(label) && dim !== undefined) return dim;
    }
    return 1;
  });
}
