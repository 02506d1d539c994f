export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface MetricSpec {
  readonly type: MetricType;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in the unit of its name. */
  readonly buckets?: readonly number[];
}

const LATENCY_BUCKETS_SECONDS = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5,
] as const;

/**
 * Every metric that the daemon exposes, in one table: the registry and the documents derive from
 * it. Labels only take values of a small fixed set, so the number of series is bounded.
 */
export const METRICS = {
  pipelineLatency: {
    type: 'histogram',
    name: 'rtap_pipeline_latency_seconds',
    help: 'Time that a stage took for one unit of its work; stage "total" is endpoint to publication.',
    labels: ['stage'],
    buckets: LATENCY_BUCKETS_SECONDS,
  },
  framesProcessed: {
    type: 'counter',
    name: 'rtap_frames_processed_total',
    help: 'Audio frames of 20 ms that a stage has taken.',
    labels: ['stage'],
  },
  errors: {
    type: 'counter',
    name: 'rtap_errors_total',
    help: 'Errors by stage and stable error code.',
    labels: ['stage', 'error_type'],
  },
  stateTransitions: {
    type: 'counter',
    name: 'rtap_state_transitions_total',
    help: 'Transitions of the pipeline by the states that they join.',
    labels: ['from', 'to'],
  },
  bufferUtilization: {
    type: 'gauge',
    name: 'rtap_buffer_utilization_ratio',
    help: 'How full a buffer is, 0 to 1.',
    labels: ['buffer'],
  },
  memoryUsage: {
    type: 'gauge',
    name: 'rtap_memory_usage_bytes',
    help: 'Resident memory of the daemon process, its engines not included.',
    labels: [],
  },
  heapUsage: {
    type: 'gauge',
    name: 'rtap_heap_usage_bytes',
    help: 'JavaScript heap in use in the daemon process.',
    labels: [],
  },
  cpuUsage: {
    type: 'gauge',
    name: 'rtap_cpu_usage_percent',
    help: 'Processor time of the daemon process since the last scrape, in percent of one core.',
    labels: [],
  },
  ready: {
    type: 'gauge',
    name: 'rtap_ready',
    help: '1 when the daemon does its job, 0 when it does not.',
    labels: [],
  },
  restarts: {
    type: 'counter',
    name: 'rtap_restarts_total',
    help: 'Restarts of supervised children by name.',
    labels: ['child'],
  },
  deadLetters: {
    type: 'counter',
    name: 'rtap_dead_letters_total',
    help: 'Events for an actor that was down or had ended, by reason.',
    labels: ['reason'],
  },
  loopBlocks: {
    type: 'counter',
    name: 'rtap_event_loop_blocked_total',
    help: 'Blocks of the event loop that the watchdog saw and that ended.',
    labels: [],
  },
  loopBlockedSeconds: {
    type: 'counter',
    name: 'rtap_event_loop_blocked_seconds_total',
    help: 'Time for which the event loop was blocked, as the watchdog saw it.',
    labels: [],
  },
  samplesDropped: {
    type: 'counter',
    name: 'rtap_samples_dropped_total',
    help: 'Audio samples that were captured and then given up, by the buffer that was full.',
    labels: ['buffer'],
  },
  samplesMissing: {
    type: 'counter',
    name: 'rtap_samples_missing_total',
    help: 'Audio samples that the sample clock counted over gaps in capture.',
    labels: [],
  },
  deviceLosses: {
    type: 'counter',
    name: 'rtap_device_losses_total',
    help: 'Losses of an input device by their cause.',
    labels: ['cause'],
  },
  captureUp: {
    type: 'gauge',
    name: 'rtap_capture_up',
    help: '1 while samples come from the source that was asked for, 0 otherwise.',
    labels: [],
  },
  captureFrameAge: {
    type: 'gauge',
    name: 'rtap_capture_frame_age_seconds',
    help: 'Time since the input device gave samples last.',
    labels: [],
  },
  captureLatency: {
    type: 'gauge',
    name: 'rtap_capture_latency_seconds',
    help: 'Age of the newest samples when they come, as the sound server tells it; 0 where nobody does.',
    labels: [],
  },
  captureDrift: {
    type: 'gauge',
    name: 'rtap_capture_drift_ppm',
    help: 'By how many parts per million the sample clock of the device is fast; 0 until it is known.',
    labels: [],
  },
  captureLevel: {
    type: 'gauge',
    name: 'rtap_capture_level_dbfs',
    help: 'Root mean square level of the captured signal over the last moment.',
    labels: [],
  },
  utterances: {
    type: 'counter',
    name: 'rtap_utterances_total',
    help: 'Utterances by what became of them.',
    labels: ['outcome'],
  },
  messagesPublished: {
    type: 'counter',
    name: 'rtap_messages_published_total',
    help: 'Messages that were given a sequence number, by stream.',
    labels: ['stream'],
  },
  streamSequence: {
    type: 'gauge',
    name: 'rtap_stream_sequence_number',
    help: 'Sequence number of the last message of a stream in this epoch.',
    labels: ['stream'],
  },
  epoch: {
    type: 'gauge',
    name: 'rtap_epoch',
    help: 'The epoch in which the daemon publishes.',
    labels: [],
  },
  messagesDropped: {
    type: 'counter',
    name: 'rtap_messages_dropped_total',
    help: 'Messages that an outlet gave up, by outlet, stream and reason.',
    labels: ['outlet', 'stream', 'reason'],
  },
  outletQueued: {
    type: 'gauge',
    name: 'rtap_outlet_queued_messages',
    help: 'Messages that wait in an outlet for its socket.',
    labels: ['outlet', 'stream'],
  },
  outletClients: {
    type: 'gauge',
    name: 'rtap_outlet_clients',
    help: 'Clients connected to an outlet that knows its clients.',
    labels: ['outlet'],
  },
  outletBuffered: {
    type: 'gauge',
    name: 'rtap_outlet_buffered_bytes',
    help: 'Bytes that wait in the daemon for the clients of an outlet.',
    labels: ['outlet'],
  },
  outletRefusals: {
    type: 'counter',
    name: 'rtap_outlet_refusals_total',
    help: 'Clients that an outlet refused, by reason.',
    labels: ['outlet', 'reason'],
  },
} as const satisfies Record<string, MetricSpec>;

export type MetricKey = keyof typeof METRICS;
