import { readFileSync } from 'node:fs';
import type { EngineName } from '../../../../src/domain/events.ts';
import { RtapError } from '../../../../src/domain/errors.ts';
import { EngineProcess } from '../../../../src/io/engines/engine-process.ts';
import type { EngineProcessEvent } from '../../../../src/io/engines/engine-process.ts';
import type { EngineOptions } from '../../../../src/io/engines/engine-protocol.ts';

type EventOf<TType extends EngineProcessEvent['type']> = Extract<
  EngineProcessEvent,
  { type: TType }
>;

/** A real engine in its process, and everything that it tells. */
export interface WatchedEngine<TEngine extends EngineName> {
  readonly process: EngineProcess<TEngine>;
  readonly events: EngineProcessEvent[];
  /** The event of this type, past or to come. */
  told<TType extends EngineProcessEvent['type']>(type: TType): Promise<EventOf<TType>>;
}

export function watchEngine<TEngine extends EngineName>(
  engine: TEngine,
  options: EngineOptions[TEngine],
): WatchedEngine<TEngine> {
  const events: EngineProcessEvent[] = [];
  const listeners = new Set<() => void>();
  const process = new EngineProcess({
    engine,
    options,
    onEvent: (event) => {
      events.push(event);
      for (const listener of listeners) listener();
    },
  });
  return {
    process,
    events,
    told: (type) =>
      new Promise((resolve) => {
        function look(): void {
          for (const event of events) {
            if (!isOfType(event, type)) continue;
            listeners.delete(look);
            resolve(event);
            return;
          }
        }
        listeners.add(look);
        look();
      }),
  };
}

function isOfType<TType extends EngineProcessEvent['type']>(
  event: EngineProcessEvent,
  type: TType,
): event is EventOf<TType> {
  return event.type === type;
}

/** Resolves when the engine is ready; throws what it failed with. */
export async function startEngine<TEngine extends EngineName>(
  engine: TEngine,
  options: EngineOptions[TEngine],
): Promise<WatchedEngine<TEngine>> {
  const watched = watchEngine(engine, options);
  watched.process.start();
  const first = await Promise.race([watched.told('ready'), watched.told('failed')]);
  if (first.type === 'failed') throw first.error;
  return watched;
}

/** The code that a promise rejects with; throws when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<RtapError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof RtapError) return thrown;
    throw thrown;
  }
  throw new Error('it did not reject');
}

/** Samples of a recorded clip (16-bit, mono, 16 kHz). */
export function clip(name: string): Int16Array {
  const bytes = readFileSync(new URL(`../../../fixtures/audio/${name}`, import.meta.url));
  const from = bytes.indexOf('data', 0, 'latin1') + 8;
  return Int16Array.from({ length: (bytes.length - from) >> 1 }, (_, index) =>
    bytes.readInt16LE(from + 2 * index),
  );
}

/** The clip between two silences, in whole blocks. */
export function between(samples: Int16Array, block: number, silenceSamples: number): Int16Array {
  const length = samples.length + 2 * silenceSamples;
  const padded = new Int16Array(Math.ceil(length / block) * block);
  padded.set(samples, silenceSamples);
  return padded;
}

export interface Recording {
  readonly file: string;
  readonly kind: string;
  readonly text: string | null;
}

export function recordings(): Recording[] {
  const url = new URL('../../../fixtures/audio/index.json', import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as Recording[];
}
