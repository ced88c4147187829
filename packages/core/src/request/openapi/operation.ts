import { refTo } from './shared-schemas.js';
import type { Schema } from './tensor-schema.js';

/** What there is to say of one method of one URL. */
export interface OperationInput {
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  /** Media types and schemas of a good answer. */
  readonly answer: Readonly<Record<string, Schema>>;
  /** Media types and schemas of the body; left out where there is none. */
  readonly body?: Readonly<Record<string, Schema>> | undefined;
  readonly optionalBody?: boolean | undefined;
  /** Query parameters. */
  readonly query?: Readonly<Record<string, Schema>> | undefined;
  /** Further answers by status. */
  readonly others?: Readonly<Record<string, Schema>> | undefined;
}

export const JSON_TYPE = 'application/json';
const requestId = { 'x-request-id': { description: 'The id of the request', schema: { type: 'string' } } };

/** One operation object; every other answer than a good one is an `Error`. */
export function operation(input: OperationInput): Schema {
  const { id, tag, summary, answer, body, optionalBody, query, others } = input;
  const response = (description: string, content: Readonly<Record<string, Schema>>): Schema => ({
    description,
    headers: requestId,
    content: contentOf(content),
  });
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(query === undefined
      ? {}
      : { parameters: Object.entries(query).map(([name, schema]) => ({ name, in: 'query', ...parameter(schema) })) }),
    ...(body === undefined ? {} : { requestBody: { required: optionalBody !== true, content: contentOf(body) } }),
    responses: {
      200: response('OK', answer),
      ...Object.fromEntries(
        Object.entries(others ?? {}).map(([status, schema]) => [status, response('Not now', { [JSON_TYPE]: schema })]),
      ),
      default: response('What went wrong', { [JSON_TYPE]: refTo('Error') }),
    },
  };
}

function parameter(schema: Schema): Schema {
  return schema['type'] === 'array' ? { schema, style: 'form', explode: false } : { schema };
}

function contentOf(schemas: Readonly<Record<string, Schema>>): Schema {
  return Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, { schema }]));
}
