import type { AnyStateMachine } from 'xstate';
import { createCaptureMachine } from '../../../machines/capture.ts';
import { audioOutletMachine } from '../../../machines/audio-outlet.ts';
import { createEngineMachine } from '../../../machines/engine.ts';
import { languageMachine } from '../../../machines/language.ts';
import { createOutletMachine } from '../../../machines/outlet.ts';
import { processMachine } from '../../../machines/process.ts';
import { publisherMachine } from '../../../machines/publisher.ts';
import { createReadinessMachine } from '../../../machines/readiness.ts';
import { ringMachine } from '../../../machines/ring.ts';
import { createTranscriptionMachine } from '../../../machines/transcription.ts';
import { utteranceMachine } from '../../../machines/utterance.ts';
import { voiceActivityMachine } from '../../../machines/voice-activity.ts';
import { createWakeWordMachine } from '../../../machines/wake-word.ts';
import { slotMachine } from '../../../supervisors/slot.ts';
import { createSupervisor } from '../../../supervisors/supervisor.ts';

/** Every machine that is drawn, by the file that it is from; those that are made are made with typical arguments. */
export const DRAWN: Readonly<Record<string, AnyStateMachine>> = {
  'machines/capture.ts': createCaptureMachine({
    backends: ['parec', 'portaudio'],
    hasSubstitute: true,
  }),
  'machines/voice-activity.ts': voiceActivityMachine,
  'machines/wake-word.ts': createWakeWordMachine('openwakeword', ['hey_jarvis']),
  'machines/transcription.ts': createTranscriptionMachine({
    activation: 'wakeword',
    findsPhraseInText: false,
    listeningWindowMs: 15_000,
    wakeTimeoutMs: 5_000,
    maxPending: 4,
  }),
  'machines/utterance.ts': utteranceMachine,
  'machines/language.ts': languageMachine,
  'machines/publisher.ts': publisherMachine,
  'machines/ring.ts': ringMachine,
  'machines/outlet.ts': createOutletMachine('zeromq'),
  'machines/audio-outlet.ts': audioOutletMachine,
  'machines/engine.ts': createEngineMachine('vad', ['voice-activity', 'readiness']),
  'machines/process.ts': processMachine,
  'machines/readiness.ts': createReadinessMachine(['vad'], ['capture']),
  'supervisors/supervisor.ts': createSupervisor(new Set(), 1),
  'supervisors/slot.ts': slotMachine,
};
