import type { RequestMethod } from '../../servable/request-record.js';

/**
 * What access rules tell apart: `inference` runs models; `status` reads their states, lists and signatures; `admin` reads
 * and changes the configuration; `metrics` is the page of metrics.
 */
export type MethodClass = 'inference' | 'status' | 'admin' | 'metrics';

export const methodClasses: readonly MethodClass[] = ['inference', 'status', 'admin', 'metrics'];

/** The class of every method there is; what is none of them takes no more than credentials that are good. */
export const methodClassOf: Readonly<Record<RequestMethod, MethodClass | undefined>> = {
  Predict: 'inference',
  Classify: 'inference',
  Regress: 'inference',
  MultiInference: 'inference',
  SessionRun: 'inference',
  GetModelMetadata: 'status',
  GetModelStatus: 'status',
  ListModels: 'status',
  GetOpenApi: 'status',
  HandleReloadConfigRequest: 'admin',
  GetConfig: 'admin',
  '': undefined,
};
