import { toJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { SignatureDefSchema, type SignatureDef } from '@servable/protos/tensorflow';
import { statusCodeNumber } from '../../servable/serving-error.js';
import type { ModelMetadata } from '../handlers/get-model-metadata.js';
import type { ModelVersionState } from '../handlers/get-model-status.js';
import type { ListedModel } from '../handlers/list-models.js';

/**
 * The body that answers a status request: a `GetModelStatusResponse` as protobuf's JSON printer lays it out, with one
 * space of indent, original field names, defaults printed, and a line end.
 */
export function formatStatusJson(states: readonly ModelVersionState[]): string {
  return print({ model_version_status: states.map(versionJson) });
}

function versionJson({ version, state, code, message }: ModelVersionState): JsonObject {
  return {
    version: String(version),
    state,
    status: { error_code: code in statusCodeNumber ? code : 'UNKNOWN', error_message: message },
  };
}

/** The body that answers `GET /v1/models`, which upstream does not have: versions as in a status answer, and more. */
export function formatListJson(models: readonly ListedModel[]): string {
  return print({
    models: models.map(({ name, versions }) => ({
      name,
      versions: versions.map(({ platform, labels, ...version }) => ({
        ...versionJson(version),
        ...(platform === undefined ? {} : { platform }),
        ...(labels === undefined ? {} : { labels: [...labels] }),
      })),
    })),
  });
}

/**
 * The body that answers a metadata request. Upstream glues it together from two printed messages (`ToJsonString` in
 * model_servers/http_rest_api_util.cc), which nests `signature_def` twice.
 */
export function formatMetadataJson({ name, version, signatureDefs }: ModelMetadata): string {
  const modelSpec = { name, signature_name: '', version: String(version) };
  const signatures = Object.fromEntries(Array.from(signatureDefs, ([key, value]) => [key, signatureJson(value)]));
  return (
    `{\n"model_spec":${print(modelSpec)},\n` +
    `"metadata": {"signature_def": ${print({ signature_def: signatures })}}\n}\n`
  );
}

function signatureJson(signature: SignatureDef): JsonObject {
  const json = toJson(SignatureDefSchema, signature, {
    useProtoFieldName: true,
    alwaysEmitImplicit: true,
  }) as JsonObject;
  const { inputs, outputs, method_name, defaults, ...rest } = json;
  return {
    inputs: withEncodingLast(inputs),
    outputs: withEncodingLast(outputs),
    method_name: method_name ?? '',
    defaults: defaults ?? {},
    ...rest,
  };
}

/** The printer writes members of a oneof, here the `name`, after all other fields. */
function withEncodingLast(infos: JsonValue | undefined): JsonObject {
  return Object.fromEntries(
    Object.entries((infos ?? {}) as JsonObject).map(([alias, info]) => {
      const { name, ...rest } = info as JsonObject;
      return [alias, name === undefined ? rest : { ...rest, name }];
    }),
  );
}

/** Angle brackets and DEL are escaped by protobuf's printer; they stand in strings only. */
function print(value: JsonValue): string {
  const text = JSON.stringify(value, null, 1);
  return `${text.replace(/[<>\u007f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}
