import { expect } from 'chai';
import { createActor, fromCallback, setup } from 'xstate';
import type { AnyActorRef } from 'xstate';
import { createEngineLinks } from '../../../actors/engine-link.ts';
import type { Parts } from '../../../actors/parts.ts';
import { languageStage } from '../../../actors/stages/language.ts';
import { AudioPath } from '../../../src/audio/audio-path.ts';
import type { PublishEvent } from '../../../src/domain/events.ts';
import { IDENTITY, DRAFT } from '../machines/samples.ts';
import { buildMetrics } from '../../../src/telemetry/metrics.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** The stage with an engine that never answers, and nothing else of the daemon. */
function stage() {
  const clock = new VirtualClock();
  const engines = createEngineLinks();
  const hung = { request: () => new Promise<never>(() => undefined) };
  engines.language.attach(hung as never, IDENTITY);
  const parts = {
    clock,
    engines,
    config: { language: { deadline_ms: 60_000 } },
    path: new AudioPath(16_000),
    metrics: buildMetrics().metrics,
    condition: { source: null },
    version: '0',
  } as unknown as Parts;
  const published: { utterance: string; language: string }[] = [];
  const publisher = fromCallback<PublishEvent>(({ receive }) => {
    receive((event) => {
      if (event.type !== 'publish.transcript') return;
      const { utterance_id: utterance, language } = event.body;
      published.push({ utterance, language });
    });
  });
  const root = createActor(
    setup({ actors: { publisher, stage: languageStage(parts) } }).createMachine({
      invoke: [
        { src: 'publisher', id: 'publisher', systemId: 'publisher' },
        { src: 'stage', id: 'stage' },
      ],
    }),
    { clock },
  );
  root.start();
  const actor = (root.getSnapshot().children as Record<string, AnyActorRef>)['stage'];
  if (actor === undefined) throw new Error('the stage did not start');
  const ended = new Promise<void>((resolve) => {
    actor.subscribe({ complete: resolve });
  });
  return { actor, clock, published, ended };
}

describe('languageStage', () => {
  it('hands on in a shutdown, without their language, the texts that are left', async () => {
    const { actor, clock, published, ended } = stage();
    for (const utterance_id of ['u1', 'u2', 'u3']) {
      actor.send({ type: 'text.ready', draft: { ...DRAFT, utterance_id } });
    }
    actor.send({ type: 'sup.shutdown', withinMs: 180 });
    clock.advance(120);
    await ended;
    expect(published).to.deep.equal([
      { utterance: 'u1', language: 'und' },
      { utterance: 'u2', language: 'und' },
      { utterance: 'u3', language: 'und' },
    ]);
  });
});
