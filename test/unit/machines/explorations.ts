import { captureMachine } from '../../../machines/capture.ts';
import { createEngineMachine } from '../../../machines/engine.ts';
import { languageMachine } from '../../../machines/language.ts';
import { createOutletMachine } from '../../../machines/outlet.ts';
import { processMachine } from '../../../machines/process.ts';
import { publisherMachine } from '../../../machines/publisher.ts';
import { createReadinessMachine } from '../../../machines/readiness.ts';
import { ringMachine } from '../../../machines/ring.ts';
import { utteranceMachine } from '../../../machines/utterance.ts';
import { voiceActivityMachine } from '../../../machines/voice-activity.ts';
import { createWakeWordMachine } from '../../../machines/wake-word.ts';
import { exploring } from './exploring.ts';
import type { Exploration } from './exploring.ts';
import { DRAFT, ENDED, IDENTITY, RECOGNITION, SOURCE, annotated } from './samples.ts';
import { exploreSlot, exploreSupervisor } from './supervision-exploration.ts';
import { exploreTranscription } from './transcription-exploration.ts';

const FAILED = { type: 'runtime.failed', reason: 'the test asks for it' } as const;
const ENGINE_READY = { type: 'engine.ready', engine: 'vad', identity: IDENTITY } as const;
const ENGINE_LOST = { type: 'engine.lost', engine: 'vad', reason: 'killed' } as const;
const SOURCE_OPENED = { type: 'source.opened', source: SOURCE, baseSample: 0 } as const;
const INTERRUPTED = { type: 'source.interrupted', endSample: 30_000 } as const;
const RESUMED = { type: 'source.resumed', source: SOURCE, baseSample: 60_000 } as const;
const SOURCE_ENDED = { type: 'source.ended', endSample: 90_000 } as const;
const FLUSHED = { type: 'stage.flushed', stage: 'language', endSample: 90_000 } as const;
const DRAINED = { type: 'stage.drained' } as const;
const GAP = {
  type: 'audio.gap',
  firstSample: 1,
  lastSample: 2,
  droppedSamples: 2,
  cause: 'overrun',
} as const;
const ERROR = { code: 'SOURCE_FAILED', message: 'gone', details: {} } as const;

function exploreUtterance(isAddressed: boolean, findsPhraseInText: boolean): Exploration {
  const { patience } = utteranceMachine.implementations.delays;
  return {
    ...exploring(utteranceMachine, {
      input: { utteranceId: 'u1', startSample: 1_000, isAddressed, findsPhraseInText },
      events: [
        { type: 'speech.paused', lastSpeechSample: 8_000, atSample: 9_500 },
        { type: 'speech.resumed', atSample: 10_000 },
        ENDED,
        { type: 'speech.discarded' },
        { type: 'utterance.addressed', phrase: 'hey_jarvis', atSample: 5_000 },
        { type: 'utterance.addressed', phrase: null, atSample: 5_000 },
        { type: 'utterance.ignored' },
        ...(['partial', 'provisional', 'final'] as const).flatMap((kind) => [
          { type: 'decode.done' as const, kind, recognition: RECOGNITION },
          { type: 'decode.done' as const, kind, recognition: { ...RECOGNITION, text: '' } },
          { type: 'decode.failed' as const, kind, reason: 'the engine is gone' },
        ]),
      ],
      key: ({ phrase, lastPartial }) => [phrase, lastPartial],
    }),
    // It has no supervisor: its stage ends the speech, and then waits for what there is to wait for.
    shutdown: ENDED,
    boundMs: Number(patience),
  };
}

/** How each machine of the folder is explored, by the name of its file. */
export const EXPLORATIONS: Readonly<Record<string, readonly Exploration[]>> = {
  capture: [
    exploring(captureMachine, {
      events: [
        { type: 'pipeline.ready' },
        { type: 'source.requested', request: { kind: 'device' } },
        { type: 'source.requested', request: { kind: 'file' } },
        { type: 'source.ready', source: SOURCE, baseSample: 0 },
        { type: 'source.finished', endSample: 90_000 },
        { type: 'source.broke', error: ERROR, endSample: 90_000 },
        { type: 'source.warned', error: ERROR },
        { type: 'source.stopped' },
        FAILED,
      ],
      key: ({ request }) => request?.kind ?? null,
    }),
  ],
  engine: [
    exploring(createEngineMachine('vad', ['readiness']), {
      events: [
        { type: 'process.spawned', pid: 1 },
        { type: 'process.ready', identity: IDENTITY, loadMs: 1, warmUpMs: 1 },
        { type: 'process.failed', code: 'ENGINE_LOAD', reason: 'no weights' },
        { type: 'process.exited', reason: 'killed' },
        FAILED,
      ],
    }),
  ],
  language: [
    exploring(languageMachine, {
      events: [
        ENGINE_READY,
        ENGINE_LOST,
        { type: 'text.ready', draft: DRAFT },
        { type: 'text.annotated', body: annotated(DRAFT) },
        FLUSHED,
        { type: 'texts.flushed', endSample: 90_000 },
        DRAINED,
        FAILED,
      ],
      rests: { 'language.running': 'texts pass through it until a shutdown' },
    }),
  ],
  outlet: [
    exploring(createOutletMachine('zeromq'), {
      events: [
        { type: 'outlet.opened', addresses: { events: 'tcp://127.0.0.1:1' } },
        { type: 'outlet.closed' },
        FAILED,
      ],
      rests: { 'outlet.open': 'it serves until a shutdown' },
    }),
  ],
  process: [
    exploring(processMachine, {
      events: [
        { type: 'process.spawned', pid: 1 },
        { type: 'process.ready' },
        { type: 'process.exited', code: 0, reason: 'it ended' },
        { type: 'process.exited', code: 1, reason: 'it ended with 1' },
        FAILED,
      ],
    }),
  ],
  publisher: [
    exploring(publisherMachine, {
      events: [
        {
          type: 'publish.event',
          body: { event_type: 'audio_gap', level: 'info', metadata: {} },
        },
        { type: 'publish.transcript', body: annotated(DRAFT) },
        FLUSHED,
        DRAINED,
        FAILED,
      ],
      rests: { 'publisher.running': 'messages pass through it until a shutdown' },
    }),
  ],
  readiness: [
    exploring(createReadinessMachine(['vad'], ['capture', 'ring']), {
      events: [
        ENGINE_READY,
        ENGINE_LOST,
        { type: 'presence.found', up: [], engines: [], hasBeenReady: false },
        { type: 'presence.found', up: ['ring'], engines: ['vad'], hasBeenReady: true },
        ...['capture', 'ring'].flatMap((child) => [
          { type: 'presence.changed' as const, child, isUp: true },
          { type: 'presence.changed' as const, child, isUp: false },
        ]),
        FAILED,
      ],
      key: ({ readyEngines, upStages }) => [readyEngines, [...upStages].sort()],
    }),
  ],
  ring: [
    exploring(ringMachine, {
      events: [
        { type: 'ring.high', utilisation: 0.8 },
        { type: 'ring.relieved' },
        {
          type: 'ring.overflowed',
          reader: 'wakeword',
          firstSample: 0,
          lastSample: 9,
          samples: 10,
        },
        { type: 'intake.closed' },
        FAILED,
      ],
    }),
  ],
  slot: [
    exploreSlot({}),
    exploreSlot({ startMs: 'immediate', heartbeat: null }),
    exploreSlot({ shutdownMs: 'brutal_kill', stash: 0 }),
  ],
  supervisor: [
    exploreSupervisor('one_for_one'),
    exploreSupervisor('one_for_all'),
    exploreSupervisor('rest_for_one'),
  ],
  transcription: [exploreTranscription('wakeword'), exploreTranscription('always')],
  utterance: [
    exploreUtterance(true, false),
    exploreUtterance(false, false),
    exploreUtterance(false, true),
  ],
  'voice-activity': [
    exploring(voiceActivityMachine, {
      events: [
        { type: 'speech.started', utteranceId: 'u1', startSample: 1_000, atSample: 1_512 },
        { type: 'speech.paused', lastSpeechSample: 8_000, atSample: 9_500 },
        { type: 'speech.resumed', atSample: 10_000 },
        { ...ENDED, utteranceId: 'u1', startSample: 1_000 },
        { type: 'speech.discarded', utteranceId: 'u1', speechMs: 40 },
        ENGINE_READY,
        ENGINE_LOST,
        SOURCE_OPENED,
        INTERRUPTED,
        RESUMED,
        SOURCE_ENDED,
        { type: 'stage.flushed', endSample: 90_000 },
        DRAINED,
        GAP,
        FAILED,
      ],
    }),
  ],
  'wake-word': [
    exploring(createWakeWordMachine('phrase', ['hey_jarvis']), {
      events: [
        { type: 'wake.detected', phrase: 'hey_jarvis', engine: 'phrase', score: 1, atSample: 9 },
        { type: 'text.heard', utteranceId: 'u1', text: 'Hey Jarvis, stop.', atSample: 9 },
        { type: 'text.heard', utteranceId: 'u1', text: 'Stop.', atSample: 9 },
        ENGINE_READY,
        ENGINE_LOST,
        SOURCE_OPENED,
        INTERRUPTED,
        RESUMED,
        SOURCE_ENDED,
        { type: 'stage.flushed', endSample: 90_000 },
        DRAINED,
        GAP,
        FAILED,
      ],
      rests: { 'wakeWord.armed': 'it listens until a shutdown' },
    }),
  ],
};
