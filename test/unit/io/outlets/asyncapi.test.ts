import { expect } from 'chai';
import {
  audibleNews,
  captureGapNews,
  degradedNews,
  failedNews,
  givenUpNews,
  lostNews,
  openedNews,
  restoredNews,
  silentNews,
  unavailableNews,
} from '../../../../machines/capture-news.ts';
import { gapPublication } from '../../../../machines/stage-facts.ts';
import { BACKENDS, LOSS_CAUSES } from '../../../../src/domain/capture.ts';
import type { CaptureGap, DeviceLoss } from '../../../../src/domain/capture.ts';
import type { OpenedSource, PublishEvent } from '../../../../src/domain/events.ts';
import { EVENT_TYPES } from '../../../../src/domain/messages.ts';
import type { EventBody } from '../../../../src/domain/messages.ts';
import { FRAME_ERROR_CODES } from '../../../../src/io/outlets/frames.ts';
import { loadSchemas } from '../../../support/schemas.ts';
import { eventBody, ledgerOf, transcriptBody } from './message-bodies.ts';

const schemas = loadSchemas();

const MIC: OpenedSource = {
  kind: 'device',
  name: 'mic',
  sampleRateHz: 16_000,
  channels: 1,
  format: 's16le',
  durationMs: null,
  realTime: true,
  backend: 'parec',
  isSubstitute: false,
};
const GAP: CaptureGap = { firstSample: 1, lastSample: 16_000, durationMs: 1_000, cause: 'xrun' };
const LOSS: DeviceLoss = {
  device: 'mic',
  backend: 'parec',
  cause: 'removed',
  message: 'The device "mic" is lost',
  movedTo: null,
  frameAgeMs: 12,
  complaint: '',
};
const ERROR = { code: 'DEVICE_NOT_FOUND', message: 'There is none', details: { device: 'mic' } };

/** Everything that is told of the capture, as it is told. */
const CAPTURE_NEWS: readonly PublishEvent[] = [
  openedNews(MIC, 0, null),
  openedNews({ ...MIC, isSubstitute: true }, 16_001, GAP),
  failedNews(ERROR, 7),
  ...LOSS_CAUSES.map((cause) => lostNews({ ...LOSS, cause, movedTo: 'spare' }, 0)),
  unavailableNews(ERROR, 'portaudio', 1),
  unavailableNews({ ...ERROR, code: 'DEVICE_UNAVAILABLE' }, null, 4),
  givenUpNews('parec', 'portaudio', 'The device cannot be opened'),
  degradedNews('mic', { ...MIC, name: 'spare' }),
  restoredNews(MIC),
  silentNews('mic', 3_000.4),
  audibleNews('mic'),
  ...([...LOSS_CAUSES, 'xrun', 'backlog'] as const).map((cause) =>
    captureGapNews({ ...GAP, cause }),
  ),
  ...['overrun', 'shutdown'].map((cause) => {
    const met = { type: 'audio.gap', cause, firstSample: 0, lastSample: 9, droppedSamples: 9 };
    return gapPublication(met, 'wakeword');
  }),
];

function bodyOf(news: PublishEvent): EventBody {
  if (news.type !== 'publish.event') throw new Error(`${news.type} is no event`);
  return news.body;
}

describe('The AsyncAPI document', () => {
  const event = { ...ledgerOf().stamp('events', eventBody({ score: 0.9 })) };
  const final = { ...ledgerOf().stamp('transcripts', transcriptBody('hello')) };

  it('compiles in every schema', () => {
    for (const name of schemas.names) schemas.problems(name, null);
    expect(schemas.names).to.include.members(['EventMessage', 'TranscriptMessage', 'ErrorFrame']);
  });

  it('accepts every type of event that the ledger stamps', () => {
    const ledger = ledgerOf();
    const described = new Set(CAPTURE_NEWS.map((news) => bodyOf(news).event_type));
    for (const type of EVENT_TYPES.filter((one) => !described.has(one))) {
      const message = ledger.stamp('events', { ...eventBody(), event_type: type });
      expect(schemas.problems('EventMessage', message), type).to.deep.equal([]);
    }
  });

  it('accepts what is told of the capture, and nothing that lacks a field', () => {
    const ledger = ledgerOf();
    for (const body of CAPTURE_NEWS.map(bodyOf)) {
      const message = ledger.stamp('events', body);
      expect(schemas.problems('EventMessage', message), body.event_type).to.deep.equal([]);
      if (body.event_type === 'source_failed') continue;
      const bare = ledger.stamp('events', { ...body, metadata: {} });
      expect(schemas.problems('EventMessage', bare), body.event_type).to.not.deep.equal([]);
    }
  });

  it('lists the same backends and causes of a loss as the code', () => {
    expect(JSON.stringify(schemas.source('Backend'))).to.contain(JSON.stringify(BACKENDS));
    expect(JSON.stringify(schemas.source('LossCause'))).to.contain(JSON.stringify(LOSS_CAUSES));
  });

  it('accepts every kind of transcript that the ledger stamps', () => {
    const ledger = ledgerOf();
    for (const kind of ['partial', 'early', 'final'] as const) {
      const message = ledger.stamp('transcripts', transcriptBody('hello', kind));
      expect(schemas.problems('TranscriptMessage', message), kind).to.deep.equal([]);
    }
  });

  it('lists the same event types and error codes as the code', () => {
    const text = JSON.stringify(schemas.source('EventMessage'));
    expect(text).to.contain(JSON.stringify(EVENT_TYPES));
    expect(JSON.stringify(schemas.source('ErrorFrame'))).to.contain(
      JSON.stringify(FRAME_ERROR_CODES),
    );
  });

  const wrongEvents: [string, object][] = [
    ['an unknown type', { event_type: 'surprise' }],
    ['an unknown level', { level: 'fatal' }],
    ['another source', { source: 'other' }],
    ['sequence number 0', { sequence_number: 0 }],
    ['a fraction as sequence number', { sequence_number: 1.5 }],
    ['the other stream', { stream: 'transcripts' }],
    ['another version', { schema_version: 2 }],
    ['an unknown field', { extra: 1 }],
    ['a missing field', { session_id: undefined }],
    ['metadata that is no object', { metadata: 'text' }],
  ];
  for (const [what, change] of wrongEvents) {
    it(`refuses an event with ${what}`, () => {
      const wrong: unknown = JSON.parse(JSON.stringify({ ...event, ...change }));
      expect(schemas.problems('EventMessage', wrong)).to.not.deep.equal([]);
    });
  }

  const wrongTranscripts: [string, object][] = [
    ['an empty final', { transcript: '' }],
    ['a final without its decision', { decision: null }],
    ['a confidence above 1', { confidence: 1.01 }],
    ['a confidence that is null', { confidence: null }],
    ['an unknown kind', { kind: 'guess' }],
    ['an unknown sentiment', { sentiment: 'happy' }],
    ['a digest that is none', { engine: { ...final.engine, digest: 'abc' } }],
    ['an engine without a provider', { engine: { ...final.engine, provider: undefined } }],
    ['a negative sample position', { audio_start_sample: -1 }],
    ['a latency that is text', { stage_latencies: { stt: '38' } }],
    ['an unknown source of audio', { audio_source: 'radio' }],
    ['an unknown field', { extra: 1 }],
  ];
  for (const [what, change] of wrongTranscripts) {
    it(`refuses ${what}`, () => {
      const wrong: unknown = JSON.parse(JSON.stringify({ ...final, ...change }));
      expect(schemas.problems('TranscriptMessage', wrong)).to.not.deep.equal([]);
    });
  }
});
