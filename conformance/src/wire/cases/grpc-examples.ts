import type { GrpcCase, GrpcTopic } from '../wire-case.js';
import { answered, examples, spec, withContext } from './grpc-texts.js';

const from = 'behaviour.md §11';
const half = 'half_plus_two';
const classifyRpc = 'PredictionService/Classify';
const regressRpc = 'PredictionService/Regress';
const multiRpc = 'PredictionService/MultiInference';
const CLASSIFY = 'tensorflow/serving/classify';
const REGRESS = 'tensorflow/serving/regress';
const PREDICT = 'tensorflow/serving/predict';

const named = (model: string, signature: string): string => spec(model, `signature_name: "${signature}"`);
const scores = (...values: number[]): string =>
  `result { ${values.map((score) => `classifications { classes { score: ${score} } }`).join(' ')} }`;
const values = (...all: number[]): string =>
  `result { ${all.map((value) => `regressions { value: ${value} }`).join(' ')} }`;
const task = (model: string, signature: string, method: string, more = ''): string =>
  `tasks { model_spec { name: "${model}" signature_name: "${signature}" ${more} } method_name: "${method}" }`;

function outcome(name: string, rpc: string, signature: string, details: string): GrpcCase {
  const request = `${named('wire', signature)} ${examples({}, {})}`;
  return { name: `${rpc.split('/')[1]}: ${name}`, from, rpc, request, code: 'INVALID_ARGUMENT', details };
}

function multi(name: string, request: string, code: string, details: string): GrpcCase {
  return { name: `MultiInference: ${name}`, from, rpc: multiRpc, request, code, details };
}

export const grpcExamples: GrpcTopic = {
  kind: 'grpc',
  topic: 'gRPC Classify, Regress, Multi',
  client: 'grpcio',
  cases: [
    {
      name: 'Classify',
      from: 'testcases.md, testClassify',
      rpc: classifyRpc,
      request: `${named(half, 'classify_x_to_y')} ${examples({ x: 2 })}`,
      response: `${scores(3)} ${answered(half, 2, 'classify_x_to_y')}`,
    },
    {
      name: 'Classify: two examples',
      from: 'testcases.md, classifier_test ExampleList',
      rpc: classifyRpc,
      request: `${named('wire', 'classify_both')} ${examples({}, {})}`,
      response: `result { classifications { classes { label: "a0" score: 0 } classes { label: "b" score: 0.5 } } classifications { classes { label: "a1" score: 1 } classes { label: "b" score: 1.5 } } } ${answered('wire', 1, 'classify_both')}`,
    },
    {
      name: 'Classify: classes only',
      from: 'testcases.md, ClassesOnly',
      rpc: classifyRpc,
      request: `${named('wire', 'classify_classes')} ${examples({})}`,
      response: `result { classifications { classes { label: "a0" } classes { label: "b" } } } ${answered('wire', 1, 'classify_classes')}`,
    },
    {
      name: 'Classify: scores only, one of them zero',
      from: 'testcases.md, ScoresOnly, ZeroScoresArePresent',
      rpc: classifyRpc,
      request: `${named('wire', 'classify_scores')} ${examples({})}`,
      response: `result { classifications { classes { } classes { score: 0.5 } } } ${answered('wire', 1, 'classify_scores')}`,
    },
    {
      name: 'Classify: a version',
      from: 'behaviour.md §3',
      rpc: classifyRpc,
      request: `${spec(half, 'signature_name: "classify_x_to_y" version { value: 1 }')} ${examples({ x: 2 })}`,
      response: `${scores(3)} ${answered(half, 1, 'classify_x_to_y')}`,
    },
    {
      name: 'Regress',
      from: 'testcases.md, testRegress',
      rpc: regressRpc,
      request: `${named(half, 'regress_x_to_y')} ${examples({ x: 2 })}`,
      response: `${values(3)} ${answered(half, 2, 'regress_x_to_y')}`,
    },
    {
      name: 'Regress: a label',
      from: 'behaviour.md §3',
      rpc: regressRpc,
      request: `${spec(half, 'signature_name: "regress_x_to_y" version_label: "stable"')} ${examples({ x: 2 })}`,
      response: `${values(3)} ${answered(half, 1, 'regress_x_to_y')}`,
    },
    {
      name: 'Regress: a column',
      from,
      rpc: regressRpc,
      request: `${named('wire', 'regress_column')} ${examples({}, {})}`,
      response: `${values(0.5, 1.5)} ${answered('wire', 1, 'regress_column')}`,
    },
    {
      name: 'a context for all examples',
      from: 'testcases.md, ExampleListWithContext',
      rpc: regressRpc,
      request: `${named(half, 'regress_x_to_y')} ${withContext({ x: 2 }, {}, {})}`,
      response: `${values(3, 3)} ${answered(half, 2, 'regress_x_to_y')}`,
    },
    {
      name: "an example's own features go before the context's",
      from: 'testcases.md, ExampleListWithContext_DuplicateFeatures',
      rpc: classifyRpc,
      request: `${named(half, 'classify_x_to_y')} ${withContext({ x: 2 }, { x: 4 }, {})}`,
      response: `${scores(4, 3)} ${answered(half, 2, 'classify_x_to_y')}`,
    },
    ...[classifyRpc, regressRpc].flatMap((rpc): GrpcCase[] => {
      const method = rpc === classifyRpc ? 'classify' : 'regress';
      const good = named('wire', rpc === classifyRpc ? 'classify_both' : 'regress_flat');
      const refuse = (name: string, request: string, code: string, details: string): GrpcCase => ({
        name: `${rpc.split('/')[1]}: ${name}`,
        from,
        rpc,
        request,
        code,
        details,
      });
      return [
        refuse('no input', good, 'INVALID_ARGUMENT', 'Input is empty.'),
        refuse('no kind of input', `${good} input { }`, 'INVALID_ARGUMENT', 'Input is empty.'),
        refuse('no examples', `${good} ${examples()}`, 'INVALID_ARGUMENT', 'Input is empty.'),
        refuse('a context alone', `${good} ${withContext({ x: 1 })}`, 'INVALID_ARGUMENT', 'Input is empty.'),
        refuse('no model_spec', examples({}), 'INVALID_ARGUMENT', 'Missing ModelSpec'),
        refuse('an empty name', `${spec('')} ${examples({})}`, 'INVALID_ARGUMENT', 'ModelSpec has no name specified.'),
        refuse(
          'an unknown model',
          `${spec('nope')} ${examples({})}`,
          'NOT_FOUND',
          'Servable not found for request: Latest(nope)',
        ),
        refuse(
          'an unknown signature',
          `${named('wire', 'nope')} ${examples({})}`,
          'INVALID_ARGUMENT',
          'No signature was found with the name: nope',
        ),
        {
          name: `${rpc.split('/')[1]}: a wrong method name without the check`,
          from: 'testcases.md, MethodNameCheck',
          rpc,
          request: `${named('wire', `${method}_method`)} ${examples({})}`,
          holds: [method === 'classify' ? 'classifications' : 'regressions'],
        },
        {
          name: `${rpc.split('/')[1]}: a wrong method name with the check`,
          from: 'testcases.md, MethodNameCheck',
          server: 'checked',
          rpc,
          request: `${named('wire', `${method}_method`)} ${examples({})}`,
          code: 'INVALID_ARGUMENT',
          details: `Expected ${method === 'classify' ? 'classification' : 'regression'} signature method_name to be tensorflow/serving/${method}. Was: wrong`,
        },
      ];
    }),
    outcome('three outputs', classifyRpc, 'classify_three', 'Expected one or two output Tensors, found 3'),
    outcome('two inputs', classifyRpc, 'classify_two_inputs', 'Expected one input Tensor.'),
    outcome(
      'scores of rank 1',
      classifyRpc,
      'classify_rank',
      'Expected Tensor shape: [batch_size num_classes] but got [2]',
    ),
    outcome(
      'scores that are doubles',
      classifyRpc,
      'classify_scores_dtype',
      'Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE',
    ),
    outcome(
      'classes that are floats',
      classifyRpc,
      'classify_classes_dtype',
      'Expected classes Tensor of DT_STRING. Got: DT_FLOAT',
    ),
    outcome(
      'scores of another batch',
      classifyRpc,
      'classify_scores_batch',
      'Expected scores output batch size of 2. Got: 3',
    ),
    outcome(
      'more scores than classes',
      classifyRpc,
      'classify_width',
      'Tensors class and score should match in dim_size(1). Got 2 vs. 3',
    ),
    outcome('two inputs', regressRpc, 'regress_two_inputs', 'Expected one input Tensor.'),
    outcome('two outputs', regressRpc, 'regress_two_outputs', 'Expected one output Tensor.'),
    outcome(
      'an output of two columns',
      regressRpc,
      'regress_wide',
      'Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]',
    ),
    outcome(
      'an output of another batch',
      regressRpc,
      'regress_batch',
      'Input batch size did not match output batch size: 2 vs. 3',
    ),
    outcome('an output of doubles', regressRpc, 'regress_dtype', 'Expected output Tensor of DT_FLOAT.  Got: DT_DOUBLE'),
    {
      name: 'MultiInference: regress and classify',
      from: 'testcases.md, testMultiInference',
      rpc: multiRpc,
      request: `${task(half, 'regress_x_to_y', REGRESS)} ${task(half, 'classify_x_to_y', CLASSIFY)} ${examples({ x: 2 })}`,
      response: `results { ${answered(half, 2, 'regress_x_to_y')} regression_result { regressions { value: 3 } } } results { ${answered(half, 2, 'classify_x_to_y')} classification_result { classifications { classes { score: 3 } } } }`,
    },
    {
      name: 'MultiInference: one signature',
      from: 'testcases.md, ValidSingleSignatureTest',
      rpc: multiRpc,
      request: `${task(half, 'regress_x_to_y2', REGRESS)} ${examples({ x: 2 })}`,
      response: `results { ${answered(half, 2, 'regress_x_to_y2')} regression_result { regressions { value: 4 } } }`,
    },
    {
      name: 'MultiInference: the first task tells the version',
      from,
      rpc: multiRpc,
      request: `${task(half, 'regress_x_to_y', REGRESS, 'version { value: 1 }')} ${task(half, 'regress_x_to_y2', REGRESS, 'version { value: 2 }')} ${examples({ x: 2 })}`,
      response: `results { ${answered(half, 1, 'regress_x_to_y')} regression_result { regressions { value: 3 } } } results { ${answered(half, 1, 'regress_x_to_y2')} regression_result { regressions { value: 4 } } }`,
    },
    multi('no tasks', examples({ x: 2 }), 'INVALID_ARGUMENT', 'ModelSpec has no name specified.'),
    multi('no input', task(half, 'regress_x_to_y', REGRESS), 'INVALID_ARGUMENT', 'Input is empty.'),
    multi(
      'an unknown model',
      `${task('nope', 'a', REGRESS)} ${examples({ x: 2 })}`,
      'NOT_FOUND',
      'Servable not found for request: Latest(nope)',
    ),
    multi(
      'a second task without a name',
      `${task(half, 'regress_x_to_y', REGRESS)} ${task('', 'regress_x_to_y2', REGRESS)} ${examples({ x: 2 })}`,
      'INVALID_ARGUMENT',
      'Found ModelSpec with an empty model name.',
    ),
    multi(
      'two models',
      `${task(half, 'regress_x_to_y', REGRESS)} ${task('wine', 'regress', REGRESS)} ${examples({ x: 2 })}`,
      'INVALID_ARGUMENT',
      'All ModelSpecs in a MultiInferenceRequest must access the same model name.',
    ),
    multi(
      'a signature twice',
      `${task(half, 'regress_x_to_y', REGRESS)} ${task(half, 'regress_x_to_y', REGRESS)} ${examples({ x: 2 })}`,
      'INVALID_ARGUMENT',
      'Duplicate evaluation of signature: regress_x_to_y',
    ),
    multi(
      'an unknown signature',
      `${task(half, 'nope', REGRESS)} ${examples({ x: 2 })}`,
      'INVALID_ARGUMENT',
      'Requested signature not found in model graph: nope',
    ),
    multi(
      'predict',
      `${task(half, 'serving_default', PREDICT)} ${examples({ x: 2 })}`,
      'UNIMPLEMENTED',
      `Unsupported signature method_name: ${PREDICT}`,
    ),
    multi(
      'no method',
      `${task(half, 'regress_x_to_y', '')} ${examples({ x: 2 })}`,
      'UNIMPLEMENTED',
      'Unsupported signature method_name: ',
    ),
  ],
};
