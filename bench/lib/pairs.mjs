// Two programs side by side: rounds alternate, so that a machine whose speed drifts slows both, and the ratio of each
// pair of rounds counts. The median of the ratios is the figure.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/**
 * @param a, b - functions that run for about the given milliseconds and give a rate (more is better)
 * @param slowRounds - how many rounds there are where a call takes longer than a round
 * @param longRounds - how many where both take longer than a second; the warm-up is the first of them. Default: as `slowRounds`
 * @returns medians of both rates and of the ratios a/b, with the spread of the ratios
 */
export async function compareRates(a, b, { rounds = 7, slowRounds = rounds, longRounds, milliseconds = 1500 } = {}) {
  const [warmA, warmB] = [await a(milliseconds), await b(milliseconds)];
  const isLong = longRounds !== undefined && Math.max(warmA, warmB) < 1;
  const isSlow = Math.min(warmA, warmB) * milliseconds < 1000;
  const rates = isLong ? { a: [warmA], b: [warmB], ratio: [warmA / warmB] } : { a: [], b: [], ratio: [] };
  const count = isLong ? longRounds : isSlow ? slowRounds : rounds;
  for (let round = rates.ratio.length; round < count; round++) {
    const first = round % 2 === 0;
    const x = first ? await a(milliseconds) : undefined;
    const y = await b(milliseconds);
    const own = x ?? (await a(milliseconds));
    rates.a.push(own);
    rates.b.push(y);
    rates.ratio.push(own / y);
  }
  return {
    a: median(rates.a),
    b: median(rates.b),
    ratio: median(rates.ratio),
    low: Math.min(...rates.ratio),
    high: Math.max(...rates.ratio),
  };
}

/** Calls per second of `call` with a fixed number in flight. */
export async function callRate(call, inFlight, milliseconds) {
  const start = performance.now();
  const end = start + milliseconds;
  let calls = 0;
  const worker = async () => {
    while (performance.now() < end) {
      await call();
      calls++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (calls * 1000) / (performance.now() - start);
}
