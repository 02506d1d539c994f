import { RtapError, describeError } from '../../domain/errors.ts';
import type { Engine, EngineOptions, FromEngine, ToEngine } from './engine-protocol.ts';
import { loadLanguage } from './language.ts';
import { loadMoonshine } from './moonshine.ts';
import { loadOpenWakeWord } from './openwakeword.ts';
import { loadSileroVad } from './silero-vad.ts';

/** The entry of an engine's process: loads one engine, warms it up, and answers one request at a time. */

let engine: Engine | null = null;
let work: Promise<void> = Promise.resolve();
let isEnding = false;

function send(message: FromEngine): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function sendFailure(id: number | null, thrown: unknown, otherwise: 'ENGINE_LOAD' | 'ENGINE_REQUEST'): void {
  const code = thrown instanceof RtapError ? thrown.code : otherwise;
  send({ type: 'failed', id, code, message: describeError(thrown) });
}

async function load(message: Extract<ToEngine, { type: 'load' }>): Promise<void> {
  try {
    const startedAtMs = performance.now();
    engine = await create(message);
    const loadedAtMs = performance.now();
    await engine.warmUp();
    send({
      type: 'ready',
      identity: engine.identity,
      loadMs: loadedAtMs - startedAtMs,
      warmUpMs: performance.now() - loadedAtMs,
    });
  } catch (thrown) {
    sendFailure(null, thrown, 'ENGINE_LOAD');
    // The failure must be out before the process is.
    setTimeout(() => process.exit(1), 50);
  }
}

function create({ engine: name, options }: Extract<ToEngine, { type: 'load' }>): Promise<Engine> {
  switch (name) {
    case 'vad':
      return loadSileroVad(options as EngineOptions['vad']);
    case 'wakeword':
      return loadOpenWakeWord(options as EngineOptions['wakeword']);
    case 'recogniser':
      return loadMoonshine(options as EngineOptions['recogniser']);
    case 'language':
      return loadLanguage(options as EngineOptions['language']);
  }
}

async function answer({ id, payload }: Extract<ToEngine, { type: 'request' }>): Promise<void> {
  if (isEnding) return;
  try {
    if (engine === null) throw new RtapError('ENGINE_DOWN', 'the engine is not loaded');
    send({ type: 'result', id, result: await engine.run(payload) });
  } catch (thrown) {
    sendFailure(id, thrown, 'ENGINE_REQUEST');
  }
}

/** The request at hand is finished, those behind it are not begun. */
function end(): void {
  isEnding = true;
  void work.then(() => process.exit(0));
}

process.on('message', (message: ToEngine) => {
  work = work.then(() => (message.type === 'load' ? load(message) : answer(message)));
});
process.on('SIGTERM', end);
// A terminal's Ctrl-C reaches the whole group; what it means is the parent's to decide.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
