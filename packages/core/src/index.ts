// Servables: the contracts that the life of a model and the life of a request share
export type { ServableId } from './servable/servable-id.js';
export { formatServableId } from './servable/servable-id.js';
export {
  type FieldViolation,
  ServingError,
  type ServingErrorOptions,
  type StatusCode,
  statusCodeNumber,
} from './servable/serving-error.js';
export type { ServableManagerState, ServableState, ServableStateReader } from './servable/servable-state.js';
export { servableManagerState } from './servable/servable-state.js';
export {
  openServableHandle,
  type ServableHandle,
  type ServableProvider,
  type ServableRequest,
} from './servable/servable-handle.js';
export { RefCountedServable } from './servable/ref-counted-servable.js';
export type { InferenceCall, InferenceServable } from './servable/inference-servable.js';
export type { RequestPhase, RequestSpan, RequestTracer, TracedArrival } from './servable/request-tracer.js';
export type { ModelLogging } from './servable/model-logging.js';
export type { RequestMethod, RequestObserver, RequestRecord } from './servable/request-record.js';
export type { AnsweredCall, PredictionLogKind, PredictionRecorder } from './servable/prediction-recorder.js';
export {
  ServableStateMonitor,
  type WaitOptions,
  type WaitUntilAvailableOptions,
} from './servable/servable-state-monitor.js';
export type { Loader, LoadOptions, ResourceEstimate } from './servable/loader.js';
export {
  type ServableData,
  type Source,
  type SourceAdapter,
  sourceAdapter,
  type SourceRouter,
  sourceRouter,
  type Target,
} from './servable/source.js';
export {
  type AspiredServableSnapshot,
  type AspiredVersionPolicy,
  availabilityPreservingPolicy,
  type LoaderHarnessState,
  resourcePreservingPolicy,
  type ServableAction,
} from './servable/aspired-version-policy.js';

// Surroundings that come in from outside
export { type Clock, sleep, systemClock } from './servable/clock.js';
export { type Executor, inlineExecutor, LimitedExecutor } from './servable/executor.js';
export { type LogFields, type Logger, type LogLevel, logLevels, silentLogger } from './servable/logger.js';

// The life of a model: config → source → loader → manager
export {
  type ModelConfig,
  type ModelConfigInput,
  type ModelPathOptions,
  modelServerConfig,
  type ModelServerConfig,
} from './lifecycle/config/model-server-config.js';
export { latestVersionPolicy, type ServableVersionPolicy } from './lifecycle/config/servable-version-policy.js';
export {
  checkVersionLabels,
  type LabelAssignment,
  type UnavailableLabels,
  type VersionLabels,
} from './lifecycle/config/version-labels.js';
export { modelConfigList, type ModelConfigListOptions } from './lifecycle/config/model-config-list.js';
export {
  ConfigController,
  type ConfigControllerOptions,
  type ConfiguredModel,
} from './lifecycle/config/config-controller.js';
export { ConfigFilePoller, type ConfigFilePollerOptions } from './lifecycle/config/config-file-poller.js';
export { parseTextProto, type ParseTextProtoOptions } from './lifecycle/config/text-proto/parse-text-proto.js';
export {
  readTextProtoFile,
  type ReadTextProtoFileOptions,
  readWholeFile,
} from './lifecycle/config/text-proto/read-text-proto-file.js';
export { TextProtoError, type TextPosition } from './lifecycle/config/text-proto/text-proto-error.js';
export { FileSystemSource, type FileSystemSourceOptions } from './lifecycle/source/file-system-source.js';
export { StaticSource } from './lifecycle/source/static-source.js';
export { prefixedStoragePaths } from './lifecycle/source/prefixed-storage-paths.js';
export type { StoragePath } from './lifecycle/source/storage-path.js';
export { ObjectStoreSource, type ObjectStoreSourceOptions } from './lifecycle/source/remote/object-store-source.js';
export { TarballSource, type TarballSourceOptions } from './lifecycle/source/remote/tarball-source.js';
export { remoteLoader, type RemoteVersion } from './lifecycle/source/remote/remote-version.js';
export type { DownloadListener, DownloadState } from './lifecycle/source/remote/download-progress.js';
export { type CacheLease, ModelCache, type ModelCacheOptions } from './lifecycle/source/cache/model-cache.js';
export type { CachedFile, Manifest } from './lifecycle/source/cache/manifest.js';
export type {
  AzureSettings,
  GcsSettings,
  ObjectStoreSettings,
  S3Settings,
} from './lifecycle/source/store/object-store.js';
export { checkObjectStore } from './lifecycle/source/store/open-object-store.js';
export { isStoreUrl, isTarballUrl, storeUrlParent } from './lifecycle/source/store/store-url.js';
export { type MonitoredServable, parseVersionDirectory } from './lifecycle/source/version-directories.js';
export { LoaderHarness, type LoaderHarnessOptions } from './lifecycle/loader/loader-harness.js';
export {
  AspiredVersionsManager,
  type AspiredVersionsManagerOptions,
} from './lifecycle/manager/aspired-versions-manager.js';
export { MemoryBudget, type MemoryHolder, type ReserveOptions } from './lifecycle/memory/memory-budget.js';
export { onDemandLoader, type OnDemandLoaderOptions } from './lifecycle/memory/on-demand-loader.js';
export { OnDemandProvider } from './lifecycle/memory/on-demand-provider.js';
export { type MemoryObserver, type OnDemandOptions, OnDemandServable } from './lifecycle/memory/on-demand-servable.js';

// TFRecord files
export { encodePredictionLog, type LoggedCall } from './tfrecord/encode-prediction-log.js';
export { logMetadata } from './tfrecord/log-metadata.js';
export { encodeTfRecord } from './tfrecord/encode-tf-record.js';
export { readTfRecords } from './tfrecord/read-tf-records.js';

// Observability
export { loadRequestTracer } from './observability/tracing/load-request-tracer.js';
export {
  type RecordCollectorOptions,
  type ResolvedRecordCollectorOptions,
  resolveRecordCollectorOptions,
} from './observability/request-logging/record-collector.js';
export { RequestLogger, type RequestLoggerDependencies } from './observability/request-logging/request-logger.js';
export { ServingMetrics, type ServingMetricsOptions } from './observability/metrics/serving-metrics.js';
export type { MetricNameStyle } from './observability/metrics/exposition.js';
export { createJsonLogger } from './observability/json-logger.js';
export { requestLog, type RequestLogOptions } from './observability/request-log.js';
export { createTextLogger, type TextLoggerOptions } from './observability/text-logger.js';

// The life of a request: what transports call
export type { HandlerDependencies, RequestOptions } from './request/handlers/handler-dependencies.js';
export { predict, predictOnHandle } from './request/handlers/predict.js';
export type {
  ClassScore,
  ClassifyResult,
  InferenceResult,
  InferenceTask,
  MultiInferenceCall,
  PredictCall,
  PredictResult,
  RegressResult,
  SessionRunCall,
  SessionRunResult,
} from './request/handlers/calls.js';
export { classify } from './request/handlers/classify.js';
export { regress } from './request/handlers/regress.js';
export { multiInference } from './request/handlers/multi-inference.js';
export { getModelMetadata, type ModelMetadata, type ModelMetadataCall } from './request/handlers/get-model-metadata.js';
export { getModelStatus, type ModelVersionState } from './request/handlers/get-model-status.js';
export { type ListedModel, type ListedVersion, listModels, type ModelLabels } from './request/handlers/list-models.js';
export { sessionRun } from './request/handlers/session-run.js';
export type { ExampleCall, ExampleInput } from './request/handlers/example-input.js';
export {
  resolveSignatureName,
  withServableHandle,
  type ModelSpec,
  type ResolvedModelSpec,
} from './request/handlers/model-spec.js';
export { InFlight } from './request/execution/in-flight.js';
export {
  AdmissionController,
  type AdmissionOptions,
  type AdmissionRequest,
  type AdmissionTicket,
  type QueueReport,
} from './request/execution/admission-controller.js';
export type { ExecutionDependencies } from './request/execution/open-request.js';

// Access: who may call what
export { AccessControl, RequestAccess } from './request/access/access-control.js';
export {
  AccessPolicy,
  type AccessPolicyOptions,
  type AccessRule,
  type Caller,
  type CertificateCaller,
  type Credentials,
} from './request/access/access-policy.js';
export { type BearerToken, parseTokens } from './request/access/bearer-token.js';
export { clientCertificate, type ClientCertificate } from './request/access/client-certificate.js';
export { type MethodClass, methodClasses } from './request/access/method-class.js';

// gRPC
export { addAdminServices } from './request/grpc/add-admin-services.js';
export { addPredictionServices, type GrpcDependencies } from './request/grpc/add-prediction-services.js';
export {
  GrpcServer,
  type GrpcServerAddress,
  type GrpcServerTls,
  type ServiceRegistry,
} from './request/grpc/http2/grpc-server.js';
export type { ChannelArguments } from './request/grpc/http2/channel-arguments.js';
export { ServingHealth } from './request/grpc/health-service.js';

// Open Inference Protocol, on both transports
export type { OipDependencies } from './request/oip/oip-model.js';

// REST
export { createRestFetchHandler } from './request/rest/fetch-handler.js';
export { createRestHandler } from './request/rest/rest-handler.js';
export { nodeHttpListener } from './request/rest/node-http-listener.js';
export type { CorsOrigins } from './request/rest/cors.js';
export { httpStatus } from './request/rest/http-status.js';
export type { RestHandler, RestRequest, RestResponse } from './request/rest/rest-message.js';
export type { RestLimits, RestOptions } from './request/rest/rest-options.js';

// gRPC-Web and Connect, for browsers, beside REST
export type { WebOptions } from './request/web/web-options.js';
