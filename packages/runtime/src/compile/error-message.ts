import { SavedModelError, type SavedModelErrorCode } from '@servable/savedmodel';
import { TensorError, type TensorErrorCode } from '@servable/tensor';
import { RuntimeError, type RuntimeErrorCode } from '../runtime-error.js';

/** An error as plain data: structured clones of errors lose their class and all that the class adds. */
export interface ErrorMessage {
  readonly type: 'SavedModelError' | 'RuntimeError' | 'TensorError' | 'Error';
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: ErrorMessage | undefined;
  readonly code: unknown;
  readonly reason: string;
  readonly file: string | undefined;
  readonly offset: number | undefined;
  readonly op: string | undefined;
  readonly node: string | undefined;
  readonly input: string | undefined;
}

/** Causes of causes that are kept. */
const MOST_CAUSES = 8;

/** Takes an error apart; what is thrown and is none becomes the message of one. */
export function errorToMessage(thrown: unknown, depth = MOST_CAUSES): ErrorMessage {
  const error = (thrown instanceof Error ? thrown : new Error(String(thrown))) as Error & Record<string, unknown>;
  const text = (key: string) => (typeof error[key] === 'string' ? error[key] : undefined);
  const { code, cause, offset } = error;
  return {
    type: typeOf(error),
    name: error.name,
    message: error.message,
    stack: error.stack,
    cause: cause === undefined || depth === 0 ? undefined : errorToMessage(cause, depth - 1),
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    reason: text('reason') ?? '',
    file: text('file'),
    offset: typeof offset === 'number' ? offset : undefined,
    op: text('op'),
    node: text('node'),
    input: text('input'),
  };
}

/** The error again, of its own class, with the stack of where it was thrown. */
export function errorFromMessage(sent: ErrorMessage): Error {
  const error = restore(sent);
  if (sent.stack !== undefined) error.stack = sent.stack;
  return error;
}

function typeOf(error: Error): ErrorMessage['type'] {
  if (error instanceof SavedModelError) return 'SavedModelError';
  if (error instanceof RuntimeError) return 'RuntimeError';
  return error instanceof TensorError ? 'TensorError' : 'Error';
}

function restore({ type, name, message, cause: sentCause, code, reason, ...details }: ErrorMessage): Error {
  const cause = sentCause && errorFromMessage(sentCause);
  const { file, offset, op, node, input } = details;
  const options = { ...(cause && { cause }), ...(input !== undefined && { input }) };
  switch (type) {
    case 'SavedModelError':
      return new SavedModelError(code as SavedModelErrorCode, reason, message, { cause, file, offset, op, node });
    case 'RuntimeError':
      return new RuntimeError(code as RuntimeErrorCode, reason, message, options);
    case 'TensorError':
      return new TensorError(code as TensorErrorCode, reason, message, options);
    case 'Error': {
      const error = new Error(message, options);
      return Object.assign(error, { name }, code === undefined ? {} : { code });
    }
  }
}
