import type { GapCause } from '../domain/capture.ts';

/** Why a device was lost, or samples are missing, to follow a colon; a cause of a later version stays as it is. */
const CAUSE_WORDS: Readonly<Record<GapCause | 'overrun' | 'shutdown', string>> = {
  stalled: 'no sound came from it any more',
  suspended: 'the sound server switched it off',
  server_frozen: 'the sound server does not answer',
  server_lost: 'the sound server is gone',
  removed: 'it was unplugged',
  moved: 'the system switched to another one',
  device_failed: 'its driver reported a failure',
  process_killed: 'the process that records it was killed',
  process_exited: 'the process that records it ended',
  capture_restarted: 'the capture stage was started again',
  given_back: 'the one that was asked for is back',
  backlog: 'this machine was too busy to take it in time',
  xrun: 'it was lost on its way from the device',
  overrun: 'it came faster than it was processed',
  shutdown: 'there was no time left for it before the end',
};

export function causeWords(cause: unknown): string {
  return Object.hasOwn(CAUSE_WORDS, String(cause))
    ? CAUSE_WORDS[cause as keyof typeof CAUSE_WORDS]
    : String(cause);
}

/** The same of a device, with where its stream went, if that is known. */
export function lossWords(cause: unknown, movedTo: unknown): string {
  return typeof movedTo === 'string' ? `the system switched to ${movedTo}` : causeWords(cause);
}
