import type { CliTopic, GrpcTopic, RestTopic } from '../wire-case.js';
import { flagCases } from './flags.js';
import { grpcExamples } from './grpc-examples.js';
import { grpcModels } from './grpc-models.js';
import { grpcPredict } from './grpc-predict.js';
import { grpcServer } from './grpc-server.js';
import { jsonDialect } from './json-dialect.js';
import { metadata } from './metadata.js';
import { restExamples } from './rest-examples.js';
import { restHttp } from './rest-http.js';
import { restPredictRequest } from './rest-predict-request.js';
import { restPredictResponse } from './rest-predict-response.js';
import { restRoutes } from './rest-routes.js';
import { startUp } from './start-up.js';

/** All cases by topic. */
export const wireTable: readonly (RestTopic | GrpcTopic | CliTopic)[] = [
  restRoutes,
  restHttp,
  jsonDialect,
  restPredictRequest,
  restPredictResponse,
  restExamples,
  metadata,
  grpcPredict,
  grpcExamples,
  grpcModels,
  grpcServer,
  flagCases,
  startUp,
];
