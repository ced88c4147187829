import { status, type ServiceError } from '@grpc/grpc-js';
import { ClientError, type ClientErrorCode } from '../../client-error.js';

/** The error of a call that ended with a gRPC status; the server's text is kept as it is. */
export function grpcError(error: ServiceError, target: string): ClientError {
  const code = codeName(error.code);
  const text = error.details || code;
  switch (code) {
    case 'UNAVAILABLE':
      return new ClientError(code, 'TARGET_UNAVAILABLE', `${target} is unavailable: ${text}`, { cause: error });
    case 'DEADLINE_EXCEEDED':
      return new ClientError(code, 'DEADLINE_EXCEEDED', text, { cause: error });
    default:
      return new ClientError(code, 'SERVER_REFUSED', text, { cause: error });
  }
}

function codeName(code: number): ClientErrorCode {
  const name: string | undefined = status[code];
  return name === undefined || name === 'OK' ? 'UNKNOWN' : (name as ClientErrorCode);
}
