import type { RestTopic } from '../wire-case.js';

const tensor = (dtype: string, name: string, ...sizes: number[]): unknown => ({
  dtype,
  name,
  tensor_shape: { dim: sizes.map((size) => ({ size: String(size), name: '' })), unknown_rank: false },
});

export const metadata: RestTopic = {
  kind: 'rest',
  topic: 'REST metadata and metrics',
  client: 'curl',
  cases: [
    {
      name: 'model_spec stands first, in the layout of concatenated JSON',
      from: 'rest.md §7',
      path: '/v1/models/half_plus_two/metadata',
      status: 200,
      holds: [
        '{\n"model_spec":{\n "name": "half_plus_two",\n "signature_name": "",\n "version": "2"\n}\n,\n"metadata": {"signature_def": {\n "signature_def": {\n',
      ],
    },
    {
      name: 'a signature with all its fields',
      from: 'rest.md §7, testGetModelMetadataREST',
      path: '/v1/models/half_plus_two/versions/2/metadata',
      status: 200,
      json: {
        model_spec: { name: 'half_plus_two', signature_name: '', version: '2' },
        metadata: {
          signature_def: {
            signature_def: {
              serving_default: {
                inputs: { x: tensor('DT_FLOAT', 'x:0', -1) },
                outputs: { y: tensor('DT_FLOAT', 'y:0', -1) },
                method_name: 'tensorflow/serving/predict',
                defaults: {},
              },
              regress_x_to_y: {
                inputs: { inputs: tensor('DT_STRING', 'tf_example:0', -1) },
                outputs: { outputs: tensor('DT_FLOAT', 'y:0', -1) },
                method_name: 'tensorflow/serving/regress',
                defaults: {},
              },
              regress_x_to_y2: {
                inputs: { inputs: tensor('DT_STRING', 'tf_example:0', -1) },
                outputs: { outputs: tensor('DT_FLOAT', 'y2:0', -1) },
                method_name: 'tensorflow/serving/regress',
                defaults: {},
              },
              regress_x2_to_y3: {
                inputs: { inputs: tensor('DT_FLOAT', 'x2:0', -1) },
                outputs: { outputs: tensor('DT_FLOAT', 'y3:0', -1) },
                method_name: 'tensorflow/serving/regress',
                defaults: {},
              },
              classify_x_to_y: {
                inputs: { inputs: tensor('DT_STRING', 'tf_example:0', -1) },
                outputs: { scores: tensor('DT_FLOAT', 'scores:0', -1, 1) },
                method_name: 'tensorflow/serving/classify',
                defaults: {},
              },
            },
          },
        },
      },
    },
    {
      name: 'a shape of unknown rank',
      from: 'rest.md §7',
      path: '/v1/models/wire/metadata',
      status: 200,
      holds: [
        '"unknown_rank": true',
        '"dim": []',
        '"method_name": "not/supported/method"',
        '"DT_COMPLEX64"',
        '"DT_HALF"',
        '"DT_BFLOAT16"',
      ],
    },
    {
      name: 'the page of metrics',
      from: 'behaviour.md §9',
      path: '/monitoring/prometheus/metrics',
      status: 200,
      header: { 'content-type': 'text/plain' },
      holds: [
        '# TYPE :tensorflow:serving:request_count counter\n',
        '# TYPE :tensorflow:serving:request_latency histogram\n',
        '# TYPE :tensorflow:serving:runtime_latency histogram\n',
      ],
      lacks: ['# HELP'],
    },
    {
      name: 'requests are counted by model and status',
      from: 'behaviour.md §9',
      path: '/monitoring/prometheus/metrics',
      status: 200,
      holds: [
        ':tensorflow:serving:request_count{model_name="half_plus_two",status="OK"} ',
        ':tensorflow:serving:request_count{model_name="nope",status="NOT_FOUND"} ',
      ],
    },
    {
      name: 'latencies have the limits 10 × 1.8^i, with 6 digits',
      from: 'behaviour.md §9',
      path: '/monitoring/prometheus/metrics',
      status: 200,
      holds: [
        ':tensorflow:serving:request_latency_bucket{model_name="half_plus_two",API="predict",entrypoint="REST",le="10"} ',
        'entrypoint="REST",le="32.4"} ',
        'entrypoint="REST",le="104.976"} ',
        'entrypoint="REST",le="1.27482e+06"} ',
        'entrypoint="REST",le="1.47476e+09"} ',
        'entrypoint="REST",le="+Inf"} ',
        ':tensorflow:serving:request_latency_sum{model_name="half_plus_two",API="predict",entrypoint="REST"} ',
        ':tensorflow:serving:request_latency_count{model_name="half_plus_two",API="predict",entrypoint="REST"} ',
      ],
    },
    {
      name: 'the runtime is counted apart',
      from: 'behaviour.md §9',
      path: '/monitoring/prometheus/metrics',
      status: 200,
      holds: [':tensorflow:serving:runtime_latency_count{model_name="half_plus_two",API="Predict",runtime="TF1"} '],
    },
    {
      name: 'metrics that exist without samples',
      from: 'behaviour.md §9',
      path: '/monitoring/prometheus/metrics',
      status: 200,
      holds: [
        '# TYPE :tensorflow:serving:request_example_counts histogram\n',
        '# TYPE :tensorflow:serving:request_example_count_total counter\n',
        '# TYPE :tensorflow:serving:request_log_count counter\n',
        '# TYPE :tensorflow:serving:model_warmup_latency histogram\n',
      ],
    },
    {
      name: 'the page with a query',
      from: 'rest.md §2',
      path: '/monitoring/prometheus/metrics?x=1',
      status: 400,
      body: 'Unexpected path: /monitoring/prometheus/metrics?x=1. Should be /monitoring/prometheus/metrics',
    },
    {
      name: 'no page where monitoring is off',
      from: 'behaviour.md §9',
      server: 'checked',
      path: '/monitoring/prometheus/metrics',
      status: 404,
    },
  ],
};
