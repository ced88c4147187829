import { compareRates } from '../lib/pairs.mjs';
import { startProgram } from '../lib/processes.mjs';

export const title =
  'the body of a REST predict with a 1x224x224x3 nested array, from its bytes into the typed array, against JSON.parse';

export async function measure() {
  const figures = [];
  for (const [digits, atLeast] of [
    ['9', 2.5],
    ['17', 1.5],
  ]) {
    const ours = await startProgram('parse-json.mjs', ['ours', digits]);
    const bare = await startProgram('parse-json.mjs', ['bare', digits]);
    try {
      // JSON.parse is given a string: the cost of decoding the bytes is left out of its time.
      const result = await compareRates(
        async (milliseconds) => (await ours.ask({ milliseconds })).rate,
        async (milliseconds) => (await bare.ask({ milliseconds })).rate,
        { rounds: 11, milliseconds: 600 },
      );
      figures.push({
        what: `${digits} digits: ${result.a.toFixed(1)} against ${result.b.toFixed(1)} bodies/s`,
        value: result.ratio,
        atLeast,
        note: `${result.low.toFixed(2)} to ${result.high.toFixed(2)}`,
      });
    } finally {
      await ours.stop();
      await bare.stop();
    }
  }
  return figures;
}
