// `npm run conformance:stores`: models in stores that speak what the clouds speak (moto, fake-gcs-server, azurite), served
// by the built program. Needs `npm run build`, Python and Go; installs the stores into .cache where they are missing.
// Arguments: s3, gs, az; without any, all of them.
import { checkStore } from './stores/check-store.mjs';
import { fakeStores } from './stores/fake-stores.mjs';

const asked = process.argv.slice(2);
const unknown = asked.filter((kind) => !(kind in fakeStores));
if (unknown.length > 0) {
  console.error(`Expected ${Object.keys(fakeStores).join(', ')}; got ${unknown.join(' ')}`);
  process.exit(2);
}

const count = { ok: 0, FAIL: 0, skip: 0 };
const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;
const begin = performance.now();
for (const kind of asked.length > 0 ? asked : Object.keys(fakeStores)) {
  const note = (outcome, what, why) => {
    count[outcome] += 1;
    console.log(`${outcome.padEnd(4)} ${kind}: ${what} (${why})`);
  };
  try {
    await checkStore(kind, async (what, act) => {
      const start = performance.now();
      try {
        const skipped = await act();
        if (skipped === undefined) note('ok', what, seconds(start));
        else note('skip', what, skipped);
      } catch (error) {
        note('FAIL', what, error.message);
        // The next checks build on this one.
        throw Object.assign(error, { isNoted: true });
      }
    });
  } catch (error) {
    if (!error.isNoted) note('FAIL', 'start', error.message);
  }
}
console.log(`${count.ok} passed, ${count.FAIL} failed, ${count.skip} skipped (${seconds(begin)})`);
process.exit(count.FAIL === 0 ? 0 : 1);
