import type {
  Inspection,
  MetaGraphDescription,
  PlanDescription,
  SignatureDescription,
  StepDescription,
  TensorDescription,
} from './inspection.js';

/** A report as text. */
export function formatInspection(inspection: Inspection): string {
  const { path, estimatedRamBytes } = inspection;
  const lines = [`${inspection.format === 'onnx' ? 'ONNX model' : 'SavedModel'} ${path}`];
  lines.push(`platform: ${inspection.platform}, about ${formatBytes(estimatedRamBytes)} of memory when loaded`);
  if (inspection.format === 'savedmodel') {
    for (const metaGraph of inspection.metaGraphs) lines.push('', ...metaGraphLines(metaGraph));
  } else {
    const opsets = Object.entries(inspection.opsets).map(([domain, version]) => `${domain} ${version}`);
    lines.push(`IR version ${inspection.irVersion}, opset ${opsets.join(', ')}`);
    if (inspection.producer !== '') lines.push(`made by ${inspection.producer}`);
    lines.push(parametersLine(inspection.parameters, inspection.weightBytes));
    if (inspection.externalFiles.length > 0) lines.push(`weights in ${inspection.externalFiles.join(', ')}`);
    lines.push('', ...signatureLines(inspection.signatures));
  }
  return `${lines.join('\n')}\n`;
}

function metaGraphLines({ tags, tensorflowVersion, assets, ...metaGraph }: MetaGraphDescription): string[] {
  return [
    `MetaGraph with tags: ${tags.join(', ') || '(none)'}`,
    ...(tensorflowVersion === '' ? [] : [`written by TensorFlow ${tensorflowVersion}`]),
    parametersLine(metaGraph.parameters, metaGraph.variableBytes),
    ...assets.map((asset) => `asset: ${asset}`),
    '',
    ...signatureLines(metaGraph.signatures),
  ];
}

function parametersLine(parameters: number, bytes: number): string {
  return `parameters: ${parameters.toLocaleString('en-US')} (${formatBytes(bytes)})`;
}

function signatureLines(signatures: Readonly<Record<string, SignatureDescription>>): string[] {
  const entries = Object.entries(signatures);
  if (entries.length === 0) return ['no signatures'];
  return entries.flatMap(([name, { methodName, inputs, outputs, plan, failure }], index) => [
    ...(index === 0 ? [] : ['']),
    `signature ${name}${methodName === '' ? '' : ` (${methodName})`}`,
    ...tensorLines('inputs', inputs),
    ...tensorLines('outputs', outputs),
    ...(plan === undefined ? [] : planLines(plan)),
    ...(failure === undefined
      ? []
      : [`  does not compile: ${failure.code} ${failure.reason}`, `    ${failure.message.replaceAll('\n', '\n    ')}`]),
  ]);
}

function tensorLines(title: string, tensors: Readonly<Record<string, TensorDescription>>): string[] {
  const rows = Object.entries(tensors).map(([alias, { dtype, shape, name }]) => [
    alias,
    `${dtype ?? 'no tensor'} ${shape === null ? 'of any shape' : `[${shape.join(', ')}]`}`,
    name,
  ]);
  if (rows.length === 0) return [`  ${title}: none`];
  const width = (column: number) => Math.max(...rows.map((row) => row[column]!.length));
  return [
    `  ${title}:`,
    ...rows.map(([alias, type, name]) =>
      `    ${alias!.padEnd(width(0))}  ${type!.padEnd(width(1))}  ${name}`.trimEnd(),
    ),
  ];
}

function planLines({ nativeIslands, nativeNodes, hostOps, variables, bytes, steps }: PlanDescription): string[] {
  const host = Object.values(hostOps).reduce((sum, count) => sum + count, 0);
  return [
    `  compiles: ${nativeIslands === 0 ? 'no native islands' : `${plural(nativeIslands, 'native island')} of ${plural(nativeNodes, 'node')}`}, ` +
      `${host === 0 ? 'no host ops' : `${plural(host, 'host op')} (${formatCounts(hostOps)})`}, ${formatBytes(bytes)}`,
    ...(variables.length === 0 ? [] : [`  requests change: ${variables.join(', ')}`]),
    '  plan:',
    ...stepLines(steps, '    '),
  ];
}

function stepLines(steps: readonly StepDescription[], indent: string): string[] {
  return steps.flatMap((step, index) => {
    const start = `${indent}${index + 1}. `;
    switch (step.kind) {
      case 'native':
        return [
          `${start}native: ${plural(step.nodes, 'node')} (${formatCounts(step.ops)})${step.weightBytes === 0 ? '' : `, ${formatBytes(step.weightBytes)} of weights`}`,
        ];
      case 'host':
        return [`${start}host: ${step.op} at ${step.node}`];
      case 'loop':
        return [`${start}loop at ${step.node}`, ...stepLines(step.bodies[0] ?? [], `${indent}   `)];
      case 'if':
        return [
          `${start}branch at ${step.node}`,
          `${indent}   then`,
          ...stepLines(step.bodies[0] ?? [], `${indent}     `),
          `${indent}   else`,
          ...stepLines(step.bodies[1] ?? [], `${indent}     `),
        ];
    }
  });
}

/** The most frequent ops by name. */
function formatCounts(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).map(([op, count]) => (count === 1 ? op : `${count} ${op}`));
  return entries.length > 12
    ? `${entries.slice(0, 12).join(', ')} and ${plural(entries.length - 12, 'other op')}`
    : entries.join(', ');
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** A size for people: powers of 1000, at least three digits. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let size = bytes;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size >= 100 ? Math.round(size) : size.toPrecision(3)} ${units[unit]}`;
}
