// Runs the program in its arguments, and ends it when its own standard input ends: however whoever started it goes, a
// SIGKILL included, the program goes too.
import { spawn } from 'node:child_process';

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
child.once('error', (error) => {
  console.error(error.message);
  process.exit(127);
});
child.once('exit', (status) => process.exit(status ?? 137));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill('SIGKILL'));
process.stdin
  .on('error', () => child.kill('SIGKILL'))
  .once('close', () => child.kill('SIGKILL'))
  .resume();
