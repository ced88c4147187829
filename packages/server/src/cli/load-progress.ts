import type { ServableStateReader } from '@servable/core';

const barWidth = 20;
/** So many names fit into a line. */
const shownNames = 3;

/**
 * How far a start has come, in one line: `[#####               ] 1 of 4 models loaded; loading resnet, bert`. Models that
 * have failed are counted apart.
 */
export function loadProgress(names: readonly string[], states: ServableStateReader): string {
  const loaded: string[] = [];
  const failed: string[] = [];
  const loading: string[] = [];
  for (const name of names) {
    const versions = states.getVersionStates(name);
    if (versions.some(({ managerState }) => managerState === 'AVAILABLE')) loaded.push(name);
    else if (versions.some(({ managerState }) => managerState === 'LOADING')) loading.push(name);
    else if (versions.some(({ health }) => health !== undefined)) failed.push(name);
  }
  const done = Math.floor((barWidth * loaded.length) / Math.max(1, names.length));
  const more = loading.length > shownNames ? ', …' : '';
  return (
    `[${'#'.repeat(done)}${' '.repeat(barWidth - done)}] ${loaded.length} of ${names.length} models loaded` +
    (failed.length > 0 ? `, ${failed.length} failed` : '') +
    (loading.length > 0 ? `; loading ${loading.slice(0, shownNames).join(', ')}${more}` : '')
  );
}
