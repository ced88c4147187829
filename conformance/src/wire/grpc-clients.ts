import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { askPython } from './rest-clients.js';
import type { Addresses } from './servers.js';
import { inParallel, runProcess } from './run-process.js';
import type { GrpcCase, GrpcTopic, Verdict } from './wire-case.js';

interface StubAnswer {
  readonly code: string;
  readonly details: string;
  /** The answer in text format. */
  readonly response: string;
  /** Whether it equals the expected message. */
  readonly equal: boolean;
}

export interface GrpcTools {
  readonly python: string | undefined;
  readonly grpcurl: string | undefined;
}

/** Runs the cases of a topic that call RPCs. */
export async function runGrpcTopic(
  { topic, client, cases }: GrpcTopic,
  addresses: Addresses,
  root: string,
  tools: GrpcTools,
): Promise<Verdict[]> {
  const verdicts = new Map<GrpcCase, Verdict>();
  const by = (wanted: 'grpcio' | 'grpcurl'): GrpcCase[] => cases.filter((test) => (test.client ?? client) === wanted);
  const stubs = by('grpcio');
  if (stubs.length > 0 && tools.python !== undefined) {
    const folders: Record<string, string> = {
      models: join(root, 'examples/models'),
      wire: join(root, 'conformance/wire/model'),
    };
    const calls = stubs.map((test) => ({
      ...test,
      request: (test.request ?? '').replace(/\{(models|wire)\}/g, (_, name: string) => folders[name]!),
      target: addresses[test.server ?? 'main'].grpc,
    }));
    const program = join(root, 'conformance/wire/clients/grpc_stubs.py');
    const answers = await askPython<StubAnswer>(tools.python, program, calls);
    for (const [index, test] of stubs.entries())
      verdicts.set(test, { topic, name: test.name, failure: stubVerdict(test, answers[index]!) });
  }
  if (tools.grpcurl !== undefined)
    await inParallel(by('grpcurl'), 2, async (test) => {
      const failure = await grpcurl(tools.grpcurl!, test, addresses[test.server ?? 'main'].grpc);
      verdicts.set(test, { topic, name: test.name, failure });
    });
  return cases.map((test) => verdicts.get(test) ?? { topic, name: test.name, skipped: 'its client is not installed' });
}

function stubVerdict(test: GrpcCase, answer: StubAnswer): string | undefined {
  const why = statusVerdict(test, answer.code, answer.details);
  if (test.response !== undefined && !answer.equal)
    why.push(`answer {${answer.response}}, expected {${test.response}}`);
  for (const part of test.holds ?? [])
    if (!answer.response.includes(part)) why.push(`no ${part} in ${answer.response}`);
  return why.length > 0 ? why.join('; ') : undefined;
}

async function grpcurl(program: string, test: GrpcCase, target: string): Promise<string | undefined> {
  const args = ['-plaintext', '-max-time', '30'];
  for (const [name, value] of Object.entries(test.metadata ?? {})) args.push('-H', `${name}: ${value}`);
  if (test.request !== undefined) args.push('-d', test.request);
  args.push(target);
  if (test.rpc !== '') args.push(...test.rpc.split(' '));
  const { stdout, stderr } = await runProcess(program, args);
  const out = stdout.toString();
  const [, code = stderr.trim() === '' ? 'OK' : stderr.trim(), details = ''] =
    /Code: (\w+)\s+Message: ([^]*?)(?:\n\s*Details:[^]*)?$/.exec(stderr.trimEnd()) ?? [];
  const why = statusVerdict(test, code.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase(), details);
  if (test.response !== undefined && !isDeepStrictEqual(JSON.parse(out || 'null'), JSON.parse(test.response)))
    why.push(`answer ${out}, expected ${test.response}`);
  for (const part of test.holds ?? []) if (!out.includes(part)) why.push(`no ${part} in ${out}`);
  for (const part of test.lacks ?? []) if (out.includes(part)) why.push(`${part} in ${out}`);
  return why.length > 0 ? why.join('; ') : undefined;
}

function statusVerdict(test: GrpcCase, code: string, details: string): string[] {
  const why: string[] = [];
  if (code !== (test.code ?? 'OK')) why.push(`status ${code} (${details}), expected ${test.code ?? 'OK'}`);
  if (test.details !== undefined && details !== test.details)
    why.push(`message ${JSON.stringify(details)}, expected ${JSON.stringify(test.details)}`);
  for (const part of test.detailsHold ?? [])
    if (!details.includes(part)) why.push(`no ${JSON.stringify(part)} in the message ${JSON.stringify(details)}`);
  return why;
}
