import { ServableStateMonitor, type ServableManagerState, ServingError } from '@servable/core';
import { expect, test } from 'vitest';
import { halfPlusTwoPlatform } from '../testing/half-plus-two-platform.js';
import { modelDirectory } from '../testing/model-directory.js';
import { testIo } from '../testing/test-io.js';
import { loadProgress } from './load-progress.js';
import { main } from './main.js';
import { StatusLine } from './status-line.js';

test('the progress counts models that are loaded and failed, and names the first that are loading', () => {
  const monitor = new ServableStateMonitor();
  const set = (name: string, managerState: ServableManagerState, health?: ServingError): void =>
    monitor.publish({ id: { name, version: 1n }, managerState, health });
  const names = ['a', 'b', 'c', 'd'];
  expect(loadProgress(names, monitor)).toBe('[                    ] 0 of 4 models loaded');
  for (const name of names) set(name, 'LOADING');
  expect(loadProgress(names, monitor)).toBe('[                    ] 0 of 4 models loaded; loading a, b, c, …');
  set('a', 'AVAILABLE');
  set('b', 'END', new ServingError('DATA_LOSS', 'TORN', 'torn'));
  expect(loadProgress(names, monitor)).toBe('[#####               ] 1 of 4 models loaded, 1 failed; loading c, d');
  for (const name of names) set(name, 'AVAILABLE');
  expect(loadProgress(names, monitor)).toBe('[####################] 4 of 4 models loaded');
});

test('log lines stand above the status, which is written anew', () => {
  let screen = '';
  const status = new StatusLine((text) => (screen += text));
  status.print('one\n');
  status.show('0 of 2');
  status.show('0 of 2');
  status.print('two\n');
  status.show('1 of 2');
  status.show('');
  status.print('three\n');
  const erase = '\r\x1b[K';
  expect(screen).toBe(`one\n0 of 2${erase}two\n0 of 2${erase}1 of 2${erase}three\n`);
});

test('what does not fit into the terminal is cut, as a second line would stay', () => {
  let screen = '';
  let columns: number | undefined = 12;
  const status = new StatusLine(
    (text) => (screen += text),
    () => columns,
  );
  status.show('0 of 2; loading a');
  columns = 17;
  status.show('0 of 2; loading a');
  columns = undefined;
  status.show('0 of 2; loading a');
  expect(screen.split('\r\x1b[K')).toEqual(['0 of 2; lo…', '0 of 2; loading…', '0 of 2; loading a']);
});

test.each([true, false])(
  'servable serve shows it on a terminal and writes log lines elsewhere (%s)',
  async (isTerminal) => {
    const directory = await modelDirectory('m/1/half_plus_two', 'n/1/half_plus_two');
    const platform = halfPlusTwoPlatform();
    let open!: () => void;
    const opened = new Promise<void>((resolve) => (open = resolve));
    platform.beforeLoad = (path) => (path.includes('/n/') ? opened : Promise.resolve());
    const io = { ...testIo({ cwd: directory.path, platforms: [platform] }), isTerminal };
    try {
      const exit = main(['serve', directory.path, '--port', '0', '--rest-port', '0'], io);
      await io.untilLogged(/Successfully loaded servable version \{name: m version: 1\}/);
      if (isTerminal) await io.untilLogged(/1 of 2 models loaded; loading n/);
      open();
      await io.untilLogged(/Successfully loaded servable version \{name: n version: 1\}/);
      if (isTerminal) await io.untilLogged(/Ready: 2 of 2 models loaded/);
      io.send('SIGTERM');
      expect(await exit).toBe(0);
      expect(io.err.join('').includes('models loaded')).toBe(isTerminal);
      expect(io.err.join('').includes('\x1b')).toBe(isTerminal);
    } finally {
      open();
      await directory.remove();
    }
  },
);
