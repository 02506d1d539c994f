import { RtapError, describeError } from '../../domain/errors.ts';
import { ENGINE_NAMES } from '../../domain/events.ts';
import type { Engine, EngineOptions, FromEngine, ToEngine } from './engine-protocol.ts';

/** The entry of an engine's process: loads one engine, warms it up, and answers one request at a time. */

let engine: Engine | null = null;
let work: Promise<void> = Promise.resolve();

/** Settles when the message is out, so that an exit does not cut it off, or when nobody is there to read it. */
function send(message: FromEngine): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected && process.send !== undefined) {
      process.send(message, undefined, undefined, () => {
        resolve();
      });
    } else {
      resolve();
    }
  });
}

function failureOf(
  id: number | null,
  thrown: unknown,
  otherwise: 'ENGINE_LOAD' | 'ENGINE_REQUEST',
): FromEngine {
  const code = thrown instanceof RtapError ? thrown.code : otherwise;
  return { type: 'failed', id, code, message: describeError(thrown) };
}

async function load(message: Extract<ToEngine, { type: 'load' }>): Promise<void> {
  try {
    const startedAtMs = performance.now();
    engine = await create(message);
    const loadedAtMs = performance.now();
    await engine.warmUp();
    await send({
      type: 'ready',
      identity: engine.identity,
      loadMs: loadedAtMs - startedAtMs,
      warmUpMs: performance.now() - loadedAtMs,
    });
  } catch (thrown) {
    await send(failureOf(null, thrown, 'ENGINE_LOAD'));
    process.exit(1);
  }
}

/** Only the engine that is asked for is imported: the others' packages are slow to load and large. */
async function create(message: Extract<ToEngine, { type: 'load' }>): Promise<Engine> {
  const { engine: name, options } = message;
  switch (name) {
    case 'vad': {
      const { loadSileroVad } = await import('./silero-vad.ts');
      return loadSileroVad(options as EngineOptions['vad']);
    }
    case 'wakeword': {
      const { loadOpenWakeWord } = await import('./openwakeword.ts');
      return loadOpenWakeWord(options as EngineOptions['wakeword']);
    }
    case 'recogniser': {
      const { loadMoonshine } = await import('./moonshine.ts');
      return loadMoonshine(options as EngineOptions['recogniser']);
    }
    case 'language': {
      const { loadLanguage } = await import('./language.ts');
      return loadLanguage(options as EngineOptions['language']);
    }
  }
}

async function answer({ id, payload }: Extract<ToEngine, { type: 'request' }>): Promise<void> {
  try {
    if (engine === null) throw new RtapError('ENGINE_DOWN', 'the engine is not loaded');
    await send({ type: 'result', id, result: await engine.run(payload) });
  } catch (thrown) {
    await send(failureOf(id, thrown, 'ENGINE_REQUEST'));
  }
}

function obey(message: ToEngine): Promise<void> {
  switch (message.type) {
    case 'load':
      return load(message);
    case 'request':
      return answer(message);
    case 'stop':
      process.exit(0);
  }
}

function isMessage(value: unknown): value is ToEngine {
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  if (value.type === 'load') {
    return 'engine' in value && ENGINE_NAMES.some((name) => name === value.engine);
  }
  if (value.type === 'request') return 'id' in value && typeof value.id === 'number';
  return value.type === 'stop';
}

process.on('message', (message: unknown) => {
  if (!isMessage(message)) {
    process.stderr.write('a message that is none was ignored\n');
    return;
  }
  work = work.then(() => obey(message));
});
// A terminal's Ctrl-C reaches the whole group, and so does a service manager's SIGTERM; what they mean is the parent's to
// decide, which drains through this process before it ends it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));
