import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { main } from './cli/main.js';
import { letHeapGrow } from './process-heap.js';

// grpc-js writes what goes wrong to the console besides reporting it; we report it once.
if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);

letHeapGrow();
const exitCode = await main(process.argv.slice(2), {
  cwd: process.cwd(),
  stdout: (text) => process.stdout.write(text),
  columns: process.stdout.columns,
  stderr: (text) => process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
  stderrColumns: () => process.stderr.columns,
  onSignal(listener) {
    process.on('SIGTERM', listener).on('SIGINT', listener);
    return () => process.off('SIGTERM', listener).off('SIGINT', listener);
  },
});
// What is written to a pipe may still be on its way: leave when it is out.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
