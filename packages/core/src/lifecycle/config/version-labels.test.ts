import { expect, test } from 'vitest';
import type { ServableManagerState } from '../../servable/servable-state.js';
import { checkVersionLabels, type UnavailableLabels } from './version-labels.js';

/** Version 1 is available, 2 loading, 3 ended, 4 unknown. */
const states = new Map<bigint, ServableManagerState>([
  [1n, 'AVAILABLE'],
  [2n, 'LOADING'],
  [3n, 'END'],
]);

function assign(
  label: bigint,
  current: bigint | 'none' | 'new model',
  unavailable: UnavailableLabels = 'refuse',
): string {
  try {
    checkVersionLabels(
      {
        name: 'm',
        labels: new Map([['stable', label]]),
        current: current === 'new model' ? undefined : new Map(current === 'none' ? [] : [['stable', current]]),
        stateOf: (version) => states.get(version),
      },
      unavailable,
    );
    return 'taken';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}

const refused = (version: bigint): string =>
  `FAILED_PRECONDITION: Request to assign label to version ${version} of model m, ` +
  'which is not currently available for inference';

test('a label goes to an available version, new or moved', () => {
  expect([assign(1n, 'none'), assign(1n, 2n), assign(1n, 'new model')]).toEqual(['taken', 'taken', 'taken']);
});

test('AssignLabelToUnavailableVersion: loading, ended and unknown versions are refused', () => {
  expect([2n, 3n, 4n].map((version) => assign(version, 'none'))).toEqual([2n, 3n, 4n].map(refused));
});

test('a new model may have labels for versions that are loading, and they may be repeated', () => {
  expect([assign(2n, 'new model'), assign(2n, 2n)]).toEqual(['taken', 'taken']);
  expect([assign(3n, 'new model'), assign(4n, 'new model'), assign(2n, 1n)]).toEqual([
    refused(3n),
    refused(4n),
    refused(2n),
  ]);
});

test('AssignLabelToUnavailableVersionAllowed: a label that is new or stays where it is', () => {
  expect([
    assign(4n, 'none', 'accept-new'),
    assign(3n, 3n, 'accept-new'),
    assign(4n, 'new model', 'accept-new'),
  ]).toEqual(['taken', 'taken', 'taken']);
});

test('AssignExistingLabelToUnavailableVersionDisallowed: moving one is refused all the same', () => {
  expect(assign(4n, 1n, 'accept-new')).toBe(refused(4n));
});

test('AssignExistingLabelToUnavailableVersionAllowed: unless every label is taken', () => {
  expect(assign(4n, 1n, 'accept')).toBe('taken');
});
