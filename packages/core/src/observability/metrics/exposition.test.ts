import { expect, test } from 'vitest';
import { bucketIndex, exponentialBuckets } from './buckets.js';
import { formatMetrics, formatShort } from './exposition.js';
import { Counter, Gauge, Histogram, MAX_SERIES } from './metric.js';

test('numbers have six significant digits', () => {
  const values = [0, 1, 10, 32.4, 204.073, 0.5, 121440.12, 708235.1, 1274820, 1e-5, 0.00012345678, 999999.5, 12345678];
  expect(values.map(formatShort)).toEqual(
    '0 1 10 32.4 204.073 0.5 121440 708235 1.27482e+06 1e-05 0.000123457 1e+06 1.23457e+07'.split(' '),
  );
});

test("the limits of the latency buckets are upstream's", () => {
  const limits = exponentialBuckets(10, 1.8, 33).map(formatShort);
  expect(limits.join(' ')).toBe(
    '10 18 32.4 58.32 104.976 188.957 340.122 612.22 1102 1983.59 3570.47 6426.84 11568.3 20823 37481.3 67466.4 ' +
      '121440 218591 393464 708235 1.27482e+06 2.29468e+06 4.13043e+06 7.43477e+06 1.33826e+07 2.40887e+07 ' +
      '4.33596e+07 7.80473e+07 1.40485e+08 2.52873e+08 4.55172e+08 8.19309e+08 1.47476e+09',
  );
});

test('a value that equals a limit falls into the bucket above it', () => {
  expect([0, 0.99, 1, 1.5, 2, 3.9, 4, 1e9].map((value) => bucketIndex([1, 2, 4], value))).toEqual([
    0, 0, 1, 1, 2, 2, 3, 3,
  ]);
});

test('a page has metrics by name and series by label values, types also without series', () => {
  const count = new Counter({ name: '/tensorflow/serving/request_count', labels: ['model_name', 'status'] });
  count.increment(['b', 'OK']);
  count.increment(['a', 'OK'], 2);
  count.increment(['a', 'NOT_FOUND']);
  const plain = new Counter({ name: '/z/9', labels: [] });
  plain.increment([], 3);
  const map = new Gauge({ name: '/a-b', labels: ['x.y'] }, () => []);
  expect(formatMetrics([plain, count, map], 'upstream')).toBe(
    '# TYPE :a:b gauge\n' +
      '# TYPE :tensorflow:serving:request_count counter\n' +
      ':tensorflow:serving:request_count{model_name="a",status="NOT_FOUND"} 1\n' +
      ':tensorflow:serving:request_count{model_name="a",status="OK"} 2\n' +
      ':tensorflow:serving:request_count{model_name="b",status="OK"} 1\n' +
      '# TYPE :z:9 counter\n' +
      ':z:9{} 3\n',
  );
});

test('a histogram is cumulative, with and without labels', () => {
  const plain = new Histogram({ name: '/h', labels: [] }, [1, 2, 4]);
  for (const value of [0.5, 1, 3, 3, 100]) plain.add([], value);
  expect(formatMetrics([plain], 'upstream')).toBe(
    '# TYPE :h histogram\n' +
      ':h_bucket{le="1"} 1\n:h_bucket{le="2"} 2\n:h_bucket{le="4"} 4\n:h_bucket{le="+Inf"} 5\n' +
      ':h_sum{} 107.5\n:h_count{} 5\n',
  );
  const labelled = new Histogram({ name: '/h', labels: ['API'] }, [10]);
  labelled.add(['Predict'], 1234567);
  expect(formatMetrics([labelled], 'upstream')).toBe(
    '# TYPE :h histogram\n' +
      ':h_bucket{API="Predict",le="10"} 0\n:h_bucket{API="Predict",le="+Inf"} 1\n' +
      ':h_sum{API="Predict"} 1.23457e+06\n:h_count{API="Predict"} 1\n',
  );
});

test('names without colons on request', () => {
  const count = new Counter({ name: '/tensorflow/serving/request_count', labels: ['model_name'] });
  count.increment(['m']);
  expect(formatMetrics([count], 'prometheus')).toBe(
    '# TYPE tensorflow_serving_request_count counter\ntensorflow_serving_request_count{model_name="m"} 1\n',
  );
});

test('label values cannot break out of their quotes or their line', () => {
  const count = new Counter({ name: '/c', labels: ['model.name'] });
  count.increment(['a"b\\c\nd']);
  expect(formatMetrics([count], 'upstream')).toContain('\n:c{model_name="a\\"b\\\\c\\nd"} 1\n');
});

test('made-up label values cannot fill the memory', () => {
  const count = new Counter({ name: '/c', labels: ['model_name', 'status'] });
  for (let name = 0; name < MAX_SERIES + 500; name++) count.increment([`m${name}`, 'NOT_FOUND']);
  count.increment(['m3', 'NOT_FOUND']);
  const values = count.values();
  expect(values).toHaveLength(MAX_SERIES + 1);
  expect(values[0]).toEqual({ labels: ['(other)', '(other)'], value: 500 });
  expect(values.find(({ labels }) => labels[0] === 'm3')?.value).toBe(2);
});
