import { expect } from 'chai';
import { EVENT_TYPES } from '../../../../src/domain/messages.ts';
import { FRAME_ERROR_CODES } from '../../../../src/io/outlets/frames.ts';
import { loadSchemas } from '../../../support/schemas.ts';
import { eventBody, ledgerOf, transcriptBody } from './message-bodies.ts';

const schemas = loadSchemas();

describe('The AsyncAPI document', () => {
  const event = { ...ledgerOf().stamp('events', eventBody({ score: 0.9 })) };
  const final = { ...ledgerOf().stamp('transcripts', transcriptBody('hello')) };

  it('compiles in every schema', () => {
    for (const name of schemas.names) schemas.problems(name, null);
    expect(schemas.names).to.include.members(['EventMessage', 'TranscriptMessage', 'ErrorFrame']);
  });

  it('accepts every type of event that the ledger stamps', () => {
    const ledger = ledgerOf();
    for (const type of EVENT_TYPES) {
      const message = ledger.stamp('events', { ...eventBody(), event_type: type });
      expect(schemas.problems('EventMessage', message), type).to.deep.equal([]);
    }
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
