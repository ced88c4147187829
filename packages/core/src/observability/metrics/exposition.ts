import type { Histogram, LabelValues, Metric } from './metric.js';

/**
 * How metrics are called on the page: `upstream` as `tensorflow_model_server` does, `:tensorflow:serving:request_count`;
 * `prometheus` as Prometheus advises, without colons: `tensorflow_serving_request_count`.
 */
export type MetricNameStyle = 'upstream' | 'prometheus';

/** The page in upstream's layout (util/prometheus_exporter.cc): type lines, no help lines, no time stamps. */
export function formatMetrics(metrics: Iterable<Metric>, style: MetricNameStyle): string {
  const sorted = [...metrics].sort((a, b) => (a.info.name < b.info.name ? -1 : 1));
  return sorted.map((metric) => formatMetric(metric, style)).join('');
}

function formatMetric(metric: Metric, style: MetricNameStyle): string {
  const name = metricName(metric.info.name, style);
  const lines = [`# TYPE ${name} ${metric.kind}`];
  if (metric.kind === 'histogram') pushHistogram(lines, name, metric);
  else {
    for (const { labels, value } of metric.values()) {
      lines.push(`${name}{${formatLabels(metric.info.labels, labels)}} ${formatCount(value)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function pushHistogram(lines: string[], name: string, histogram: Histogram): void {
  const { info, limits } = histogram;
  const bounds = limits.map(formatShort);
  for (const { labels, value } of histogram.values()) {
    const own = formatLabels(info.labels, labels);
    const prefix = own === '' ? '' : `${own},`;
    let cumulative = 0;
    value.counts.forEach((count, bucket) => {
      cumulative += count;
      lines.push(`${name}_bucket{${prefix}le="${bounds[bucket] ?? '+Inf'}"} ${formatCount(cumulative)}`);
    });
    lines.push(`${name}_sum{${own}} ${formatShort(value.sum)}`, `${name}_count{${own}} ${formatCount(value.count)}`);
  }
}

function metricName(name: string, style: MetricNameStyle): string {
  const safe =
    style === 'upstream' ? name.replace(/[^a-zA-Z0-9_]/g, ':') : name.replace(/^\//, '').replace(/[^a-zA-Z0-9_]/g, '_');
  return /^[0-9]/.test(safe) ? `_${safe}` : safe;
}

function formatLabels(names: readonly string[], values: LabelValues): string {
  return names.map((name, index) => `${labelName(name)}="${escapeLabel(values[index] ?? '')}"`).join(',');
}

function labelName(name: string): string {
  const safe = name.replace(/[^a-zA-Z0-9]/g, '_');
  return /^[0-9]/.test(safe) ? `_${safe}` : safe;
}

/** Upstream leaves line breaks alone, which breaks the page: a model name from a URL can hold one. */
function escapeLabel(value: string): string {
  return value.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n');
}

function formatCount(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : formatShort(value);
}

/** Six significant digits as C's `%g` prints them: `204.073`, `1.27482e+06`. */
export function formatShort(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (value === 0) return '0';
  const [digits, exponentText] = value.toExponential(5).split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return stripZeros(value.toFixed(5 - exponent));
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${stripZeros(digits)}e${exponent < 0 ? '-' : '+'}${size}`;
}

function stripZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
