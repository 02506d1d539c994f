import { expect } from 'chai';
import { createActor, fromCallback, setup } from 'xstate';
import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { createCaptureMachine } from '../../../machines/capture.ts';
import { languageMachine } from '../../../machines/language.ts';
import { createOutletMachine } from '../../../machines/outlet.ts';
import { publisherMachine } from '../../../machines/publisher.ts';
import { createTranscriptionMachine } from '../../../machines/transcription.ts';
import { voiceActivityMachine } from '../../../machines/voice-activity.ts';
import { createWakeWordMachine } from '../../../machines/wake-word.ts';
import type { PublishEvent } from '../../../src/domain/events.ts';
import type { EventBody } from '../../../src/domain/messages.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { DRAFT, annotated } from './samples.ts';

const WITHIN_MS = 180;

const captureMachine = createCaptureMachine({ backends: ['parec'], hasSubstitute: false });

/** The machine with a runtime that hangs, and what it publishes and commands. */
function hung(machine: AnyStateMachine, events: readonly EventObject[]) {
  const clock = new VirtualClock();
  const published: EventBody[] = [];
  const commands: EventObject[] = [];
  const runtime = fromCallback(({ receive }) => {
    receive((command) => void commands.push(command));
  });
  const publisher = fromCallback<PublishEvent>(({ receive }) => {
    receive((event) => {
      if (event.type === 'publish.event') published.push(event.body);
    });
  });
  const stage = machine.provide({ actors: { runtime } }) as AnyStateMachine;
  const root = createActor(
    setup({ actors: { stage, publisher } }).createMachine({
      invoke: [
        { src: 'publisher', id: 'publisher', systemId: 'publisher' },
        { src: 'stage', id: 'stage' },
      ],
    }),
    { clock },
  );
  root.start();
  const actor = (root.getSnapshot().children as Record<string, AnyActorRef>)['stage'];
  for (const event of events) actor?.send(event);
  published.length = 0;
  actor?.send({ type: 'sup.shutdown', withinMs: WITHIN_MS });
  return {
    clock,
    published,
    commands,
    status: () => (actor?.getSnapshot() as AnyMachineSnapshot).status,
  };
}

const lost = (utteranceId: string): EventBody => ({
  event_type: 'utterance_discarded',
  level: 'error',
  metadata: { utterance_id: utteranceId, outcome: 'lost', reason: 'shutdown bound passed' },
});

const overdue = (stage: string, what: string): EventBody => ({
  event_type: 'stage_error',
  level: 'warning',
  metadata: { stage, reason: 'shutdown bound passed', lost: what },
});

const transcription = createTranscriptionMachine({
  activation: 'always',
  findsPhraseInText: false,
  listeningWindowMs: 15_000,
  wakeTimeoutMs: 5_000,
  maxPending: 4,
});
const started = (utteranceId: string, startSample: number): EventObject =>
  ({ type: 'speech.started', utteranceId, startSample, atSample: startSample + 512 }) as never;
const text = (utterance_id: string, kind: 'partial' | 'final'): EventObject =>
  ({ type: 'text.ready', draft: { ...DRAFT, utterance_id, kind } }) as never;
const done = (utterance_id: string): EventObject =>
  ({ type: 'text.annotated', body: annotated({ ...DRAFT, utterance_id }) }) as never;

interface Row {
  readonly name: string;
  readonly machine: AnyStateMachine;
  readonly events?: readonly EventObject[];
  readonly tells: readonly EventBody[];
}

const ROWS: readonly Row[] = [
  {
    name: 'a source that does not close',
    machine: captureMachine,
    tells: [overdue('capture', 'the source did not close in time')],
  },
  {
    name: 'voice activity that does not come to the end of the audio',
    machine: voiceActivityMachine,
    tells: [overdue('voice-activity', 'speech in the last of the audio')],
  },
  {
    name: 'a wake word stage that does not come to the end of the audio',
    machine: createWakeWordMachine('openwakeword', ['hey_jarvis']),
    tells: [overdue('wakeword', 'a wake word in the last of the audio')],
  },
  {
    name: 'utterances that are not recognised in time',
    machine: transcription,
    events: [started('u1', 1_000), started('u2', 30_000)],
    tells: [lost('u1'), lost('u2')],
  },
  {
    name: 'finals whose language is not known in time',
    machine: languageMachine,
    events: [text('u1', 'final'), text('u2', 'partial'), text('u3', 'final'), done('u1')],
    tells: [lost('u3')],
  },
  { name: 'an outlet that does not flush', machine: createOutletMachine('zeromq'), tells: [] },
  { name: 'a publisher without its runtime', machine: publisherMachine, tells: [] },
];

describe('a shutdown whose runtime hangs', () => {
  for (const { name, machine, events = [], tells } of ROWS) {
    it(`gives up ${name}, no sooner and no later than its bound, and says what is lost`, () => {
      const { clock, published, status } = hung(machine, events);
      clock.advance(WITHIN_MS - 1);
      expect(status()).to.equal('active');
      published.length = 0;
      clock.advance(1);
      expect(status()).to.equal('done');
      expect(published).to.deep.equal(tells);
    });
  }

  it('has told those that need the time how much of it there is', () => {
    expect(hung(createOutletMachine('zeromq'), []).commands).to.deep.equal([
      { type: 'outlet.close', withinMs: WITHIN_MS },
    ]);
    expect(hung(languageMachine, []).commands).to.deep.equal([
      { type: 'stage.drain', withinMs: WITHIN_MS },
    ]);
  });

  it('does not begin anew when it is told to stop once more', () => {
    for (const machine of [captureMachine, createOutletMachine('zeromq')]) {
      const { clock, commands, status } = hung(machine, [
        { type: 'sup.shutdown', withinMs: 100 } as never,
      ]);
      clock.advance(100);
      expect(status()).to.equal('done');
      expect(commands).to.have.length(1);
    }
  });
});
