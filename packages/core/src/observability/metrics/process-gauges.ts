import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge } from './metric.js';

const quantiles = [0.5, 0.99, 1] as const;

/** Numbers of the process: memory, and how late the event loop is. */
export class ProcessGauges {
  readonly metrics: readonly Gauge[];
  readonly #delay: IntervalHistogram;

  constructor() {
    this.#delay = monitorEventLoopDelay({ resolution: resolutionMs });
    this.#delay.enable();
    this.metrics = [
      new Gauge({ name: '/servable/event_loop_lag_microseconds', labels: ['quantile'] }, () => this.#lag()),
      memory('/servable/resident_memory_bytes', () => process.memoryUsage.rss()),
      memory('/servable/heap_used_bytes', () => process.memoryUsage().heapUsed),
      memory('/servable/external_memory_bytes', () => process.memoryUsage().external),
    ];
  }

  close(): void {
    this.#delay.disable();
  }

  /** Since the last look. What is measured is the time between ticks of a timer, which is its period when all is well. */
  #lag() {
    const values = quantiles.map((quantile) => {
      const nanos = this.#delay.count === 0 ? 0 : this.#delay.percentile(quantile * 100);
      return { labels: [String(quantile)], value: Math.max(0, Math.round(nanos / 1000 - resolutionMs * 1000)) };
    });
    this.#delay.reset();
    return values;
  }
}

const resolutionMs = 20;

function memory(name: string, read: () => number): Gauge {
  return new Gauge({ name, labels: [] }, () => [{ labels: [], value: read() }]);
}
