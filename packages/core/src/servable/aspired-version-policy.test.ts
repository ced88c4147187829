import { describe, expect, test } from 'vitest';
import {
  type AspiredServableSnapshot,
  type AspiredVersionPolicy,
  availabilityPreservingPolicy,
  type LoaderHarnessState,
  resourcePreservingPolicy,
} from './aspired-version-policy.js';

const stateOfLetter: Record<string, LoaderHarnessState> = {
  N: 'new',
  Q: 'load-requested',
  L: 'loading',
  R: 'ready',
  r: 'unload-requested',
  U: 'unloading',
  D: 'disabled',
  E: 'error',
};

/** `1U 3R*`: version 1 is unloading and not aspired, version 3 is ready and aspired. */
function snapshots(text: string): AspiredServableSnapshot[] {
  return text.split(' ').map((word) => {
    const [, version, letter, star] = /^(-?\d+)(\w)(\*?)$/.exec(word) as unknown as string[];
    return {
      id: { name: 'm', version: BigInt(version!) },
      state: stateOfLetter[letter!]!,
      isAspired: star === '*',
    };
  });
}

function nextAction(policy: AspiredVersionPolicy, text: string): string {
  const action = policy(snapshots(text));
  return action ? `${action.kind} ${action.id.version}` : 'none';
}

describe('the availability-preserving policy', () => {
  test.each([
    ['LoadsNewAspired', '1U 2E 3R* 4N* 5N*', 'load 5'],
    ['UnloadsNonAspiredFirst', '1U 2E 3R 4R* 5N*', 'unload 3'],
    ['UnloadsFirstNonAspiredWhenNoAspired', '1D 2R 3E', 'unload 2'],
    ['ReturnsNoActionWhenNone', '1R* 2E* 3L* 4U 5D', 'none'],
    ['DoesNotUnloadWhenOtherNotReady', '1R 2L*', 'none'],
    ['DoesNotUnloadWhenOtherInError', '1R 2E*', 'none'],
    ['UnloadIfOtherReadyEvenIfLoading', '1R 2L* 3R*', 'unload 1'],
    ['UnloadIfOtherReadyEvenIfError', '1R 2E* 3R*', 'unload 1'],
    ['UnloadIfNoAspiredVersionsReady', '2R 1R 3E* 4L*', 'unload 1'],
    ['loads before it unloads the only one that answers', '1R 2N*', 'load 2'],
    ['negative versions have their order too', '-2R -1R 0R*', 'unload -2'],
  ])('%s: %s → %s', (_name, versions, action) => {
    expect(nextAction(availabilityPreservingPolicy, versions)).toBe(action);
  });
});

describe('the resource-preserving policy', () => {
  test.each([
    ['UnloadsFirstNonAspired', '1U 2R* 3R 4N* 5R', 'unload 3'],
    ['LoadsFirstAspiredWhenNoneToUnload', '1R* 2L* 3N* 4D 5N*', 'load 5'],
    ['DoesNotLoadWhenOthersStillUnloading', '1r 2N*', 'none'],
    ['LoadIfUnaspiredIsError', '1E 2N*', 'load 2'],
    ['ErrorAndDisabledAllowLoading', '1E 2D 3N*', 'load 3'],
    ['ErrorAndUnloadRequestedPreventLoading', '1E 2r 3N*', 'none'],
    ['unloads the only one that answers before it loads', '1R 2N*', 'unload 1'],
  ])('%s: %s → %s', (_name, versions, action) => {
    expect(nextAction(resourcePreservingPolicy, versions)).toBe(action);
  });
});

test('no versions, nothing to do', () => {
  expect(availabilityPreservingPolicy([])).toBeUndefined();
  expect(resourcePreservingPolicy([])).toBeUndefined();
});
