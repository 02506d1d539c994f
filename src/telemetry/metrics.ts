import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricKey, type MetricSpec } from './metric-table.ts';
import { processUsage, type ProcessUsage } from './process-usage.ts';

type LabelOf<S extends MetricSpec> = S['labels'][number];

type MetricOf<S extends MetricSpec> = S['type'] extends 'counter'
  ? Counter<LabelOf<S>>
  : S['type'] extends 'gauge'
    ? Gauge<LabelOf<S>>
    : Histogram<LabelOf<S>>;

/** The metrics by their keys in the table, each with its own labels. */
export type Metrics = { readonly [K in MetricKey]: MetricOf<(typeof METRICS)[K]> };

export interface MetricsRegistry {
  readonly metrics: Metrics;
  /** Everything in the Prometheus text format. */
  render: () => Promise<string>;
}

/**
 * Builds a registry of its own from the table; two of them share nothing. A metric without labels
 * is there from the start, at zero; a labelled series appears with its first value.
 */
export function buildMetrics(usage: ProcessUsage = processUsage()): MetricsRegistry {
  const registry = new Registry();
  const built = Object.fromEntries(
    Object.entries(METRICS).map(([key, spec]) => [key, buildMetric(spec, registry)]),
  );
  const metrics = built as unknown as Metrics;
  return {
    metrics,
    render: () => {
      metrics.memoryUsage.set(usage.residentBytes());
      metrics.heapUsage.set(usage.heapBytes());
      metrics.cpuUsage.set(usage.cpuPercent());
      return registry.metrics();
    },
  };
}

function buildMetric(spec: MetricSpec, registry: Registry): Counter | Gauge | Histogram {
  const common = {
    name: spec.name,
    help: spec.help,
    labelNames: [...spec.labels],
    registers: [registry],
  };
  switch (spec.type) {
    case 'counter':
      return new Counter(common);
    case 'gauge':
      return new Gauge(common);
    case 'histogram':
      return new Histogram({ ...common, buckets: [...(spec.buckets ?? [])] });
  }
}
