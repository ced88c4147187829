import { SessionRunRequestSchema, type SessionRunRequest } from '@servable/protos/serving';
import { tensorFromProto, type Tensor } from '@servable/tensor';
import { ServingError } from '../../servable/serving-error.js';
import type { ExecutionDependencies } from '../execution/open-request.js';
import type { HandlerDependencies } from '../handlers/handler-dependencies.js';
import { sessionRun } from '../handlers/session-run.js';
import { encodeSessionRunResponse } from '../recording/record-call.js';
import { decodeMessage, decodeModelSpec } from './message-codec.js';
import { unary, type UnaryMethods } from './unary-handler.js';

export interface SessionServiceDependencies extends HandlerDependencies, ExecutionDependencies {
  /** Put response tensors into `tensor_content` instead of the typed value fields. Default `false`. */
  readonly tensorContent?: boolean | undefined;
}

/** The methods of `tensorflow.serving.SessionService`, on raw bytes. */
export function sessionService(dependencies: SessionServiceDependencies): UnaryMethods {
  const content = dependencies.tensorContent === true;
  return {
    sessionRun: unary({ method: 'SessionRun', admitted: true }, async (bytes, options) => {
      const request = decodeMessage(SessionRunRequestSchema, bytes);
      const call = {
        modelSpec: decodeModelSpec(request.modelSpec),
        feeds: request.feed.map((_, index) => decodeFeed(request, index)),
        fetches: request.fetch,
        targets: request.target,
        namesAreAliases: request.tensorNameIsAlias,
      };
      const timeoutMs = shorter(options.timeoutMs, Number(request.options?.timeoutInMs ?? 0n));
      return encodeSessionRunResponse(await sessionRun(dependencies, call, { ...options, timeoutMs }), { content });
    }),
  };
}

function decodeFeed({ feed }: SessionRunRequest, index: number): [string, Tensor] {
  const { name, tensor } = feed[index]!;
  try {
    if (tensor === undefined) throw new Error('the feed has no tensor');
    return [name, tensorFromProto(tensor)];
  } catch (cause) {
    const { message } = ServingError.from(cause);
    throw new ServingError('INVALID_ARGUMENT', 'TENSOR_MALFORMED', `tensor parsing error: ${name}`, {
      cause,
      fieldViolations: [{ field: `feed[${index}].tensor`, description: message }],
    });
  }
}

/** `RunOptions.timeout_in_ms` of 0 sets no limit. */
function shorter(timeoutMs: number | undefined, optionMs: number): number | undefined {
  if (optionMs <= 0) return timeoutMs;
  return timeoutMs === undefined ? optionMs : Math.min(timeoutMs, optionMs);
}
