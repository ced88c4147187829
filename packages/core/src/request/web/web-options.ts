import type { ServingHealth } from '../grpc/health-service.js';

/** How browsers are answered beside REST. */
export interface WebOptions {
  /** As for gRPC: tensors as `tensor_content`. Default `false`. */
  readonly tensorContent?: boolean | undefined;
  readonly health?: ServingHealth | undefined;
}
