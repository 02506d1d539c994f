import { expect } from 'chai';
import { METRICS } from '../../../src/telemetry/metric-table.ts';
import { buildMetrics } from '../../../src/telemetry/metrics.ts';
import { processUsage } from '../../../src/telemetry/process-usage.ts';

describe('The metrics', () => {
  it('keep the names and labels of the first version', () => {
    const promised = {
      rtap_pipeline_latency_seconds: ['stage'],
      rtap_frames_processed_total: ['stage'],
      rtap_errors_total: ['stage', 'error_type'],
      rtap_buffer_utilization_ratio: ['buffer'],
      rtap_memory_usage_bytes: [],
      rtap_cpu_usage_percent: [],
    };
    const table = Object.fromEntries(
      Object.values(METRICS).map((spec) => [spec.name, [...spec.labels]]),
    );
    expect(table).to.deep.include(promised);
    expect(table).to.have.property('rtap_state_transitions_total');
  });

  it('have well-formed names, units and help, each once', () => {
    const specs = Object.values(METRICS);
    expect(new Set(specs.map((spec) => spec.name)).size).to.equal(specs.length);
    for (const { name, type, help } of specs) {
      expect(name).to.match(/^rtap_[a-z][a-z0-9_]*$/);
      expect(help).to.match(/^[A-Z0-9].*\.$/);
      expect(name.endsWith('_total'), name).to.equal(type === 'counter');
    }
  });

  it('appear in the text with what was counted', async () => {
    const { metrics, render } = buildMetrics({
      residentBytes: () => 1_000,
      heapBytes: () => 500,
      cpuPercent: () => 12.5,
    });
    metrics.framesProcessed.inc({ stage: 'capture' }, 3);
    metrics.errors.inc({ stage: 'stt', error_type: 'ENGINE_LOST' });
    metrics.pipelineLatency.observe({ stage: 'total' }, 0.12);
    metrics.messagesDropped.inc({ outlet: 'zeromq', stream: 'events', reason: 'queue_full' });
    metrics.streamSequence.set({ stream: 'transcripts' }, 7);
    const lines = (await render()).split('\n');
    expect(lines).to.include.members([
      'rtap_frames_processed_total{stage="capture"} 3',
      'rtap_errors_total{stage="stt",error_type="ENGINE_LOST"} 1',
      'rtap_pipeline_latency_seconds_bucket{le="0.1",stage="total"} 0',
      'rtap_pipeline_latency_seconds_bucket{le="0.15",stage="total"} 1',
      'rtap_messages_dropped_total{outlet="zeromq",stream="events",reason="queue_full"} 1',
      'rtap_stream_sequence_number{stream="transcripts"} 7',
      'rtap_memory_usage_bytes 1000',
      'rtap_heap_usage_bytes 500',
      'rtap_cpu_usage_percent 12.5',
    ]);
    for (const { name, type } of Object.values(METRICS)) {
      expect(lines).to.include(`# TYPE ${name} ${type}`);
    }
  });

  it('of two registries share nothing', async () => {
    const first = buildMetrics();
    const second = buildMetrics();
    first.metrics.framesProcessed.inc({ stage: 'capture' });
    expect(await second.render()).to.not.contain('stage="capture"');
  });

  it('measure this process', () => {
    const usage = processUsage();
    expect(usage.residentBytes()).to.be.greaterThan(usage.heapBytes());
    expect(usage.cpuPercent()).to.be.at.least(0);
  });
});
