import { expect } from 'chai';
import { createActor, fromCallback, setup } from 'xstate';
import type { AnyActorRef } from 'xstate';
import { createTranscriptionMachine } from '../../../machines/transcription.ts';
import type {
  TranscriptionCommand,
  TranscriptionFact,
  TranscriptionOptions,
} from '../../../machines/transcription.ts';
import type {
  PublishEvent,
  SourceEvent,
  SpeechEvent,
  WakeEvent,
} from '../../../src/domain/events.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { SOURCE } from './samples.ts';
import type { TextEvent } from '../../../machines/transcription-news.ts';

const OPTIONS: TranscriptionOptions = {
  activation: 'wakeword',
  findsPhraseInText: false,
  listeningWindowMs: 15_000,
  wakeTimeoutMs: 5_000,
  maxPending: 4,
};

type Input =
  | SpeechEvent
  | WakeEvent
  | TranscriptionFact
  | { type: 'sup.shutdown'; withinMs: number }
  | SourceEvent
  | { type: 'stage.flushed'; stage: string; endSample: number };

/** The machine among actors that only note what they are told. */
function stage(options: Partial<TranscriptionOptions> = {}) {
  const commands: TranscriptionCommand[] = [];
  const told: string[] = [];
  const noting = (note: (event: never) => void) =>
    setup({}).createMachine({
      on: {
        '*': {
          actions: ({ event }) => {
            note(event as never);
          },
        },
      },
    });
  const machine = createTranscriptionMachine({ ...OPTIONS, ...options }).provide({
    actors: {
      runtime: fromCallback<TranscriptionCommand>(({ receive }) => {
        receive((command) => void commands.push(command));
      }),
    },
  });
  const note = (event: PublishEvent | TextEvent): void => {
    if (event.type === 'publish.event') told.push(event.body.event_type);
    else if (event.type === 'text.ready') told.push(`text ${event.draft.transcript}`);
    else told.push(event.type);
  };
  const root = createActor(
    setup({ actors: { machine, noting: noting(note) } }).createMachine({
      entry: [],
      invoke: [
        ...['publisher', 'language', 'readiness', 'wakeword'].map((systemId) => ({
          src: 'noting' as const,
          systemId,
          id: systemId,
        })),
        { src: 'machine' as const, id: 'stage', systemId: 'transcription' },
      ],
    }),
    // So that no timer of an utterance outlives the test.
    { clock: new VirtualClock() },
  );
  root.start();
  told.length = 0;
  const actor = root.system.get('transcription') as AnyActorRef;
  return {
    commands,
    told,
    snapshot: () =>
      actor.getSnapshot() as {
        value: unknown;
        context: { utterances: unknown[]; window: unknown };
      },
    send: (...events: Input[]) => {
      for (const event of events) actor.send(event);
    },
  };
}

const started = (utteranceId: string, startSample: number): SpeechEvent => ({
  type: 'speech.started',
  utteranceId,
  startSample,
  atSample: startSample + 512,
});

const ended = (utteranceId: string, startSample: number, endSample: number): SpeechEvent => ({
  type: 'speech.ended',
  utteranceId,
  startSample,
  endSample,
  atSample: endSample + 6_144,
  reason: 'hangover',
  silenceMs: 384,
});

const wake = (atSample: number): WakeEvent => ({
  type: 'wake.detected',
  phrase: 'hey_jarvis',
  engine: 'openwakeword',
  score: 0.9,
  atSample,
});

const final = (utteranceId: string, text: string): TranscriptionFact => ({
  type: 'decode.done',
  utteranceId,
  kind: 'final',
  recognition: {
    text,
    confidence: 0.9,
    fromSample: 0,
    toSample: 90_000,
    decodeMs: 1,
    turnaroundMs: 1,
    engine: { name: 'e', model: 'm', digest: 'd', provider: 'cpu' },
  },
});

describe('createTranscriptionMachine', () => {
  it('keeps the audio of every utterance, and has only those decoded that are addressed to us', () => {
    const { send, commands } = stage();
    send(started('a', 1_000), ended('a', 1_000, 20_000), { type: 'wake.passed', utteranceId: 'a' });
    expect(commands.map(({ type }) => type)).to.deep.equal([
      'utterance.keep',
      'wake.watch',
      'utterance.drop',
    ]);
  });

  it('takes the utterance that the wake phrase was said in, also when it is found afterwards', () => {
    const { send, told } = stage();
    send(started('a', 1_000), ended('a', 1_000, 20_000), wake(15_000));
    send(final('a', 'Hey Jarvis, stop.'));
    expect(told).to.deep.equal([
      'wake_word_detected',
      'listening_started',
      'processing_started',
      'text Stop.',
    ]);
  });

  it('takes what began after the phrase while its detection was still on its way', () => {
    const { send, told } = stage();
    send(started('a', 1_000), ended('a', 1_000, 20_000), started('b', 30_000), wake(15_000));
    send(ended('b', 30_000, 60_000), final('b', 'Set a timer.'));
    expect(told).to.include('text Set a timer.');
  });

  it('closes the window when nothing is said in it, on the sample clock', () => {
    const { send, commands, snapshot } = stage();
    send(wake(16_000));
    expect(commands.at(-1)).to.deep.equal({ type: 'window.watch', untilSample: 96_000 });
    send({ type: 'window.passed', atSample: 96_000 });
    expect(snapshot().value).to.deep.equal({ running: 'idle' });
    expect(snapshot().context.window).to.equal(null);
  });

  it('keeps the window open for what may follow, within its limit', () => {
    const { send, commands } = stage();
    send(wake(16_000), started('a', 90_000), ended('a', 90_000, 220_000));
    // 16,000 and 15 s come before 220,000 and 5 s.
    expect(commands.filter(({ type }) => type === 'window.watch').at(-1)).to.deep.equal({
      type: 'window.watch',
      untilSample: 256_000,
    });
  });

  it('gives up the oldest that nobody addressed to us, when too many are open', () => {
    const { send, commands } = stage({ maxPending: 2 });
    send(started('a', 1_000), ended('a', 1_000, 9_000));
    send(started('b', 20_000), ended('b', 20_000, 29_000), started('c', 40_000));
    expect(commands.filter(({ type }) => type === 'utterance.drop')).to.deep.equal([
      { type: 'utterance.drop', utteranceId: 'a' },
    ]);
  });

  it('ends the speech that a voice activity stage had open when it was started anew', () => {
    const { send, commands, snapshot } = stage({ activation: 'always' });
    send(started('a', 1_000), started('b', 50_000));
    expect(commands.filter(({ type }) => type === 'utterance.decode')).to.deep.equal([
      {
        type: 'utterance.decode',
        utteranceId: 'a',
        kind: 'final',
        endSample: 50_000,
        isCut: false,
      },
    ]);
    expect(snapshot().context.utterances).to.have.length(2);
  });

  it('stops once its last final is out, also of speech that nobody ended', () => {
    const { send, told, snapshot } = stage({ activation: 'always' });
    send(started('a', 1_000), { type: 'sup.shutdown', withinMs: 1_000 });
    expect(snapshot().value).to.equal('draining');
    send(final('a', 'Remind me.'));
    expect(told).to.include('text Remind me.');
    expect(snapshot().value).to.equal('stopped');
  });

  it('hands on the end of a source after its last text, once both listeners have flushed', () => {
    const { send, told } = stage({ activation: 'always' });
    send(started('a', 1_000), ended('a', 1_000, 20_000), {
      type: 'source.ended',
      endSample: 30_000,
    });
    send({ type: 'stage.flushed', stage: 'voice-activity', endSample: 30_000 });
    send({ type: 'stage.flushed', stage: 'wakeword', endSample: 30_000 });
    expect(told).to.not.include('stage.flushed');
    send(final('a', 'Stop.'));
    expect(told.slice(-2)).to.deep.equal(['text Stop.', 'stage.flushed']);
  });

  it('ends the listening window aloud when a new source begins', () => {
    const { send, told, commands, snapshot } = stage();
    send(wake(16_000), { type: 'source.opened', source: SOURCE, baseSample: 40_000 });
    expect(snapshot().value).to.deep.equal({ running: 'idle' });
    expect(snapshot().context.window).to.equal(null);
    expect(told).to.deep.equal(['wake_word_detected', 'listening_started', 'listening_ended']);
    expect(commands.at(-1)).to.include({ type: 'source.opened', baseSample: 40_000 });
    send({ type: 'window.passed', atSample: 96_000 });
    expect(told).to.have.length(3);
  });

  it('leaves the window open while a device is away: it lives on the sample clock', () => {
    const { send, told, commands, snapshot } = stage();
    send(wake(16_000), { type: 'source.interrupted', endSample: 20_000 });
    send({ type: 'source.resumed', source: SOURCE, baseSample: 60_000 });
    expect(commands.slice(-2).map(({ type }) => type)).to.deep.equal([
      'source.interrupted',
      'source.resumed',
    ]);
    send(started('a', 70_000), ended('a', 70_000, 90_000), final('a', 'Stop.'));
    expect(told).to.include('text Stop.');
    expect(snapshot().value).to.deep.equal({ running: 'listening' });
    send({ type: 'window.passed', atSample: 170_000 });
    expect(snapshot().value).to.deep.equal({ running: 'idle' });
  });

  it('does not take the end of an earlier source for that of this one', () => {
    const { send, told } = stage({ activation: 'always' });
    send({ type: 'source.ended', endSample: 30_000 });
    send({ type: 'source.opened', source: SOURCE, baseSample: 40_000 });
    for (const name of ['voice-activity', 'wakeword']) {
      send({ type: 'stage.flushed', stage: name, endSample: 30_000 });
    }
    send({ type: 'source.ended', endSample: 90_000 });
    expect(told).to.not.include('stage.flushed');
    for (const name of ['voice-activity', 'wakeword']) {
      send({ type: 'stage.flushed', stage: name, endSample: 90_000 });
    }
    expect(told).to.include('stage.flushed');
  });
});
