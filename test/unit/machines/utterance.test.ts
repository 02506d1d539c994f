import { expect } from 'chai';
import { createActor, setup } from 'xstate';
import { utteranceMachine } from '../../../machines/utterance.ts';
import type {
  UtteranceEvent,
  UtteranceInput,
  UtteranceRequest,
} from '../../../machines/utterance.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import type { Recognition } from '../../../src/domain/events.ts';

const INPUT: UtteranceInput = {
  utteranceId: 'u',
  startSample: 1_000,
  isAddressed: true,
  findsPhraseInText: false,
};

function recognition(text: string): Recognition {
  return {
    text,
    confidence: 0.9,
    fromSample: 0,
    toSample: 9_000,
    decodeMs: 10,
    turnaroundMs: 12,
    engine: { name: 'e', model: 'm', digest: 'd', provider: 'cpu' },
  };
}

const PAUSED: UtteranceEvent = { type: 'speech.paused', lastSpeechSample: 8_000, atSample: 9_500 };
const ENDED: UtteranceEvent = {
  type: 'speech.ended',
  endSample: 8_000,
  atSample: 14_000,
  reason: 'hangover',
  silenceMs: 384,
};
const ADDRESSED: UtteranceEvent = {
  type: 'utterance.addressed',
  phrase: 'hey_jarvis',
  atSample: 5_000,
};

function done(kind: 'partial' | 'provisional' | 'final', text: string): UtteranceEvent {
  return { type: 'decode.done', kind, recognition: recognition(text) };
}

/** Sends the events and gives what the utterance asked of its parent, each as a short text. */
function run(
  input: Partial<UtteranceInput>,
  events: readonly UtteranceEvent[],
  clock = new VirtualClock(),
): string[] {
  const asked: string[] = [];
  const parent = setup({
    types: { events: {} as UtteranceRequest | { type: 'forward'; event: UtteranceEvent } },
    actors: { utterance: utteranceMachine },
  }).createMachine({
    invoke: { src: 'utterance', id: 'u', input: { ...INPUT, ...input } },
    on: {
      'utterance.*': {
        actions: ({ event }) => void asked.push(shortened(event)),
      },
    },
  });
  const actor = createActor(parent, {
    clock: clock,
  });
  actor.start();
  const child = actor.getSnapshot().children['u'];
  for (const event of events) child?.send(event);
  return asked;
}

function shortened(request: UtteranceRequest): string {
  switch (request.type) {
    case 'utterance.text':
      return `${request.kind} ${String(request.revision)} ${request.text}`;
    case 'utterance.decode':
      return `decode ${request.kind} to ${String(request.endSample)}`;
    case 'utterance.partials':
      return request.isWanted ? 'partials' : 'no partials';
    case 'utterance.closed':
      return `closed ${request.outcome}`;
    default:
      return request.type;
  }
}

const OPENED = ['utterance.accepted', 'partials'];

describe('utteranceMachine', () => {
  it('decodes ahead in the pause, and publishes one final at the end', () => {
    expect(
      run({}, [done('partial', 'Turn'), PAUSED, ENDED, done('final', 'Turn it on.')]),
    ).to.deep.equal([
      ...OPENED,
      'partial 1 Turn',
      'decode provisional to 8000',
      'no partials',
      'decode final to 8000',
      'final 2 Turn it on.',
      'closed published',
    ]);
  });

  it('sends no partial twice, and none that is empty', () => {
    const events = [done('partial', ''), done('partial', 'Turn'), done('partial', 'Turn')];
    expect(run({}, events)).to.deep.equal([...OPENED, 'partial 1 Turn']);
  });

  it('never publishes an empty final', () => {
    expect(run({}, [ENDED, done('final', '')]).slice(-1)).to.deep.equal(['closed empty']);
  });

  it('publishes nothing of what is not addressed to us', () => {
    expect(
      run({ isAddressed: false }, [PAUSED, ENDED, { type: 'utterance.ignored' }]),
    ).to.deep.equal(['utterance.undecided', 'closed not_addressed']);
  });

  it('begins its text behind the wake phrase that was said in it', () => {
    const events = [ADDRESSED, ENDED, done('final', 'Hey Jarvis, turn it on.')];
    expect(run({ isAddressed: false }, events)).to.deep.equal([
      ...OPENED,
      'no partials',
      'decode final to 8000',
      'final 1 Turn it on.',
      'closed published',
    ]);
  });

  it('is nothing but the phrase when nothing follows it', () => {
    const events = [ADDRESSED, ENDED, done('final', 'Hey, Jarvis.')];
    expect(run({ isAddressed: false }, events).slice(-1)).to.deep.equal(['closed phrase_only']);
  });

  it('is still taken when the wake word is found after its end', () => {
    const events = [ENDED, ADDRESSED, done('final', 'Hey Jarvis, stop.')];
    expect(run({ isAddressed: false }, events).slice(-2)).to.deep.equal([
      'final 1 Stop.',
      'closed published',
    ]);
  });

  it('has its text read for the phrase where the phrase is looked for in text', () => {
    const events = [
      ENDED,
      done('final', 'Hey Jarvis, stop.'),
      ADDRESSED,
      done('final', 'Hey Jarvis, stop.'),
    ];
    expect(run({ isAddressed: false, findsPhraseInText: true }, events)).to.deep.equal([
      'decode final to 8000',
      'utterance.heard',
      'utterance.undecided',
      'utterance.accepted',
      'decode final to 8000',
      'final 1 Stop.',
      'closed published',
    ]);
  });

  it('is taken when it turns out to be addressed while its text is read', () => {
    const events: UtteranceEvent[] = [
      ENDED,
      { type: 'utterance.addressed', phrase: null, atSample: 500 },
      done('final', 'Set a timer.'),
    ];
    expect(run({ isAddressed: false, findsPhraseInText: true }, events)).to.deep.equal([
      'decode final to 8000',
      'utterance.accepted',
      'decode final to 8000',
      'final 1 Set a timer.',
      'closed published',
    ]);
  });

  it('is given up, as lost, when nobody answers', () => {
    const clock = new VirtualClock();
    const asked = run({}, [ENDED], clock);
    clock.advance(120_000);
    expect(asked.slice(-1)).to.deep.equal(['closed lost']);
  });

  it('is lost, and says so, when it cannot be recognised', () => {
    const events: UtteranceEvent[] = [
      ENDED,
      { type: 'decode.failed', kind: 'final', reason: 'gone' },
    ];
    expect(run({}, events).slice(-1)).to.deep.equal(['closed lost']);
  });

  it('is over when the speech turns out to be none', () => {
    expect(run({}, [{ type: 'speech.discarded' }]).slice(-1)).to.deep.equal(['closed too_short']);
  });
});
