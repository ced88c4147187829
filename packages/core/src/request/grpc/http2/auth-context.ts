import type { ServerUnaryCall } from '@grpc/grpc-js';

/** What is known of a caller's certificate. */
export type AuthContext = ReturnType<ServerUnaryCall<Buffer, Uint8Array>['getAuthContext']>;
