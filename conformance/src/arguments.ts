import { parseArgs } from 'node:util';

/** What to do. */
export interface Arguments {
  /** Stop when the Python environment and the exported models are there. */
  readonly exportOnly: boolean;
  /** Whether a check of this name was asked for. */
  readonly wants: (name: string) => boolean;
}

export const usage = `usage: npm run conformance -- [--export-only] [part of a name ...]

Names: conformance/<model>, examples/<model>, zoo/<family>, clients/grpc_official, clients/rest, clients/triton,
clients/openapi
`;

/** @throws Error for a flag that does not exist */
export function readArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { 'export-only': { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  return {
    exportOnly: values['export-only'],
    wants: (name) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
  };
}
