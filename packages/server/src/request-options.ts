import { type AdmissionOptions, AdmissionController, type MetricNameStyle, ServingError } from '@servable/core';

/** The metrics page on the REST port. */
export interface PrometheusOptions {
  /** Exact path of the page; default `/monitoring/prometheus/metrics`. */
  readonly path?: string | undefined;
  /** `upstream` keeps TensorFlow Serving's names, `:tensorflow:serving:…`; `prometheus` has no colons in them. Default `upstream`. */
  readonly nameStyle?: MetricNameStyle | undefined;
}

/** Options on how requests are taken in, as a part of the server's options. */
export interface RequestOptions {
  /** Serves metrics on the REST port (`prometheus_config` of `--monitoring_config_file`); default: no such page. */
  readonly prometheus?: PrometheusOptions | undefined;
  /** Bounds on inference requests that run and wait at the same time, over both transports; default: none. */
  readonly admission?: Omit<AdmissionOptions, 'clock'> | undefined;
}

/** {@link RequestOptions} with everything filled in. */
export interface ResolvedRequestOptions {
  readonly prometheus: { readonly path: string; readonly nameStyle: MetricNameStyle } | undefined;
  readonly admission: Omit<AdmissionOptions, 'clock'> | undefined;
}

/** @throws ServingError INVALID_ARGUMENT that names the option, what it takes and what it was given */
export function resolveRequestOptions({ prometheus, admission }: RequestOptions): ResolvedRequestOptions {
  // Refuses what makes no sense; the server makes the one that it uses.
  if (admission !== undefined) new AdmissionController(admission);
  return {
    prometheus: prometheus === undefined ? undefined : resolvePrometheus(prometheus),
    admission,
  };
}

function resolvePrometheus(options: PrometheusOptions): NonNullable<ResolvedRequestOptions['prometheus']> {
  const { path = '/monitoring/prometheus/metrics', nameStyle = 'upstream' } = options;
  if (!/^\/[^?#\s]*$/.test(path)) {
    throw refusal(`prometheus.path must be a path that starts with / and has no query; got '${path}'`);
  }
  if (nameStyle !== 'upstream' && nameStyle !== 'prometheus') {
    throw refusal(`prometheus.nameStyle must be 'upstream' or 'prometheus'; got '${String(nameStyle)}'`);
  }
  return { path, nameStyle };
}

function refusal(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'OPTION_INVALID', message);
}
