import { ServingError } from '@servable/core';
import { version } from '../../version.js';
import { flag, FlagError, flagSpecs } from '../parse-flags.js';
import type { Tool } from '../tool.js';
import type { Check } from './check.js';
import { engineFlags } from '../engine-flags.js';
import { checkDevices, checkProviders, checkThreads } from './check-devices.js';
import { checkEngine, checkTensorFlow } from './check-engines.js';
import { checkCpu, checkMemory, checkNode, checkPlatform } from './check-machine.js';
import { checkPort } from './check-port.js';

const flags = flagSpecs({
  port: flag('int32', 8500, 'Port for gRPC that a server would use.'),
  'rest-port': flag('int32', 8501, 'Port for HTTP/REST that a server would use.'),
  'execution-providers': flag(
    'string',
    '',
    'Execution providers that a server would be given, each of which is tried: names separated by commas, or a JSON list.',
  ),
  json: flag('bool', false, 'Print JSON.'),
  help: flag('bool', false, 'Print this and exit.'),
});

const marks = { ok: 'ok      ', warning: 'warning ', error: 'ERROR   ' } as const;

const providersFlag = '--execution-providers';

/** `servable doctor`: whether models can be served here, and with what. */
export const doctorTool: Tool<typeof flags> = {
  name: 'doctor',
  parameters: '[flags]',
  description: `Looks at everything that serving needs on this machine. Ends with 1 when something that it cannot do without is
missing, else with 0.`,
  flags,
  async run({ io, values, rest }) {
    if (rest.length > 0) throw new FlagError(`servable doctor takes no arguments; got ${rest.join(' ')}`);
    for (const [name, port] of [
      ['port', values.port],
      ['rest-port', values['rest-port']],
    ] as const) {
      if (port < 0 || port > 65_535) throw new FlagError(`Flag --${name} needs a port from 0 to 65535; got ${port}`);
    }
    const names = { executionProviders: providersFlag, instances: '' };
    let providers: readonly Check[] = [];
    try {
      const { executionProviders } = engineFlags(values['execution-providers'], '', names);
      if (executionProviders !== undefined) providers = await checkProviders(executionProviders, providersFlag);
    } catch (error) {
      if (error instanceof ServingError && error.code === 'INVALID_ARGUMENT') throw new FlagError(error.message);
      throw error;
    }
    const checks: readonly Check[] = [
      checkNode(),
      checkPlatform(),
      await checkCpu(),
      checkMemory(),
      await checkEngine(),
      await checkDevices(),
      ...providers,
      checkThreads(),
      await checkTensorFlow(),
      await checkPort('grpc_port', 'gRPC port', values.port, '--port'),
      await checkPort('rest_port', 'REST port', values['rest-port'], '--rest-port'),
    ];
    const ok = checks.every(({ status }) => status !== 'error');
    io.stdout(values.json ? `${JSON.stringify({ version, ok, checks }, null, 2)}\n` : format(checks, ok));
    return ok ? 0 : 1;
  },
};

function format(checks: readonly Check[], ok: boolean): string {
  const width = Math.max(...checks.map(({ title }) => title.length));
  const lines = checks.flatMap(({ title, status, found, advice }) => [
    `${marks[status]}${title.padEnd(width)}  ${found}`,
    ...(advice === undefined ? [] : [`${' '.repeat(marks.ok.length + width + 2)}${advice}`]),
  ]);
  return `Servable ${version}\n${lines.join('\n')}\n${ok ? 'Models can be served here.' : 'Models cannot be served here.'}\n`;
}
