import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import {
  GetModelStatusRequestSchema,
  ModelService,
  PredictionService,
  PredictRequestSchema,
} from '@servable/protos/serving';
import { DataType, TensorProtoSchema } from '@servable/protos/tensorflow';

// The page that a browser loads: calls the server named in `?server=`, of another origin, and posts its verdicts to the
// origin that it came from.

// The types of this project are those of Node.
declare const location: { readonly href: string };

const base = new URL(location.href).searchParams.get('server')!;
const verdicts: { name: string; failure?: string }[] = [];

async function check(name: string, body: () => Promise<void>): Promise<void> {
  try {
    await body();
    verdicts.push({ name });
  } catch (error) {
    verdicts.push({ name, failure: String(error) });
  }
}

function same(given: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(given), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${one}, expected ${other}`);
}

const request = (model: string) =>
  create(PredictRequestSchema, {
    modelSpec: { name: model },
    inputs: {
      x: create(TensorProtoSchema, {
        dtype: DataType.DT_FLOAT,
        tensorShape: { dim: [{ size: 2n }] },
        floatVal: [2, 4],
      }),
    },
  });

async function checkTransport(name: string, transport: Transport): Promise<void> {
  const prediction = createClient(PredictionService, transport);
  const models = createClient(ModelService, transport);
  await check(`${name}: Predict`, async () => {
    const response = await prediction.predict(request('half_plus_two'));
    const { dtype, tensorContent } = response.outputs['y']!;
    const values = new Float32Array(tensorContent.slice().buffer);
    same([dtype, [...values]], [DataType.DT_FLOAT, [3, 4]]);
    same(response.modelSpec?.name, 'half_plus_two');
  });
  await check(`${name}: an unknown model`, async () => {
    const error = await prediction.predict(request('nope')).then(
      () => undefined,
      (caught: unknown) => ConnectError.from(caught),
    );
    same([error?.code, error?.rawMessage], [Code.NotFound, 'Servable not found for request: Latest(nope)']);
  });
  await check(`${name}: GetModelStatus`, async () => {
    const asked = create(GetModelStatusRequestSchema, { modelSpec: { name: 'half_plus_two' } });
    const { modelVersionStatus } = await models.getModelStatus(asked);
    same(
      modelVersionStatus.map(({ version, state }) => [String(version), state]),
      [['2', 30]],
    );
  });
}

await checkTransport('gRPC-Web', createGrpcWebTransport({ baseUrl: base }));
await checkTransport('Connect', createConnectTransport({ baseUrl: base, useBinaryFormat: true }));
await checkTransport('Connect with JSON', createConnectTransport({ baseUrl: base }));
await check('fetch: predict, after a pre-flight', async () => {
  const response = await fetch(`${base}/v1/models/half_plus_two:predict`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"instances": [2.0, 4.0]}',
  });
  same([response.status, await response.json()], [200, { predictions: [3, 4] }]);
});
await check('fetch: the status of a model', async () => {
  const response = await fetch(`${base}/v1/models/half_plus_two`);
  const { model_version_status: versions } = (await response.json()) as { model_version_status: { state: string }[] };
  same(
    versions.map(({ state }) => state),
    ['AVAILABLE'],
  );
});
await check('fetch: an error can be read', async () => {
  const response = await fetch(`${base}/v1/models/nope`);
  same([response.status, await response.json()], [404, { error: 'Could not find any versions of model nope' }]);
});
await fetch('/verdicts', { method: 'POST', body: JSON.stringify(verdicts) });
