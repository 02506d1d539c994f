import type { RtapConfig } from '../../config/schema.ts';
import type { WakeWordMode } from '../../machines/wake-word.ts';
import type { EngineName } from '../../src/domain/events.ts';
import type { EngineOptions } from '../../src/io/engines/engine-protocol.ts';

/** The engines that a configuration needs, in the order of their start, and what each is told. */
export function speechEnginesOf(
  config: RtapConfig,
  wakeMode: WakeWordMode,
): { engines: EngineName[]; engineOptions: EngineOptions } {
  const { detect, sentiment } = config.language;
  const engines: EngineName[] = ['recogniser'];
  if (detect || sentiment) engines.push('language');
  if (wakeMode === 'openwakeword') engines.push('wakeword');
  engines.push('vad');
  return {
    engines,
    engineOptions: {
      vad: {},
      wakeword: { phrases: config.wakeword.phrases },
      recogniser: config.stt.model_path === '' ? {} : { modelDirectory: config.stt.model_path },
      language: { detect, sentiment },
    },
  };
}
