import type { CallbackActorLogic } from 'xstate';
import { audioOutletMachine } from '../../machines/audio-outlet.ts';
import type { AudioOutletCommand, AudioOutletFact } from '../../machines/audio-outlet.ts';
import { FrameCutter } from '../../src/audio/frame-cutter.ts';
import type { RingReader } from '../../src/audio/sample-ring.ts';
import { AUDIO_FRAME_SAMPLES } from '../../src/domain/audio-frame.ts';
import type { AudioFrame } from '../../src/domain/audio-frame.ts';
import { FRAME_SAMPLES } from '../../src/domain/pcm.ts';
import { Denoiser } from '../../src/io/denoiser.ts';
import { AudioOutlet } from '../../src/io/outlets/audio-outlet.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';

const NAME = 'audio-outlet';

/** The most that it works in one turn of the event loop. */
const TURN_MS = 4;

/** The share of the ring that may be unread; the ring itself warns a little later. */
const BEHIND = 0.75;

/** So long after the last sample the rest goes out as a shorter frame: no source pauses for as long and goes on. */
const REST_MS = 200;

/** Losses are told once in so long, together. */
const TELL_MS = 1_000;

/** The share of the time to stop that the socket has, after what the ring holds is published. */
const CLOSE_SHARE = 0.9;

/**
 * The stage of published audio: reads the ring through a reader of its own and publishes frames of 40 ms. Nothing
 * waits for it: it works for a few milliseconds in a turn of the event loop, and when three quarters of the ring are
 * unread it gives them up, counts them and tells of it.
 *
 * With `preprocess.denoise` the noise is taken out here, in this thread: 40 ms of audio cost 1.4 ms (p50, on two cores
 * under a load of 7; a quarter of it is the change of rate), and come out 12 ms later. A trap in the WebAssembly is an
 * error that restarts this stage alone. The ring, and so the recogniser, keeps what was captured.
 */
export function audioOutletStage(parts: Parts) {
  // Outlives each life of the stage: the next one goes on where the one before ended.
  let reader: RingReader | null = null;
  const readerOf = (): RingReader => (reader ??= parts.path.ring.reader(NAME));
  return audioOutletMachine.provide({ actors: { runtime: audioOutletRuntime(parts, readerOf) } });
}

function audioOutletRuntime(
  parts: Parts,
  readerOf: () => RingReader,
): CallbackActorLogic<AudioOutletCommand> {
  const { audioLedger, clock, condition, metrics, path } = parts;
  const { output, preprocess } = parts.config;
  const { host, zmq_pub_port_audio: port } = output;
  return fromRuntime<AudioOutletCommand, AudioOutletFact>((context) => {
    const reader = readerOf();
    if (audioLedger.end !== null) reader.rewind(Math.min(audioLedger.end, reader.position));
    const cutter = new FrameCutter(AUDIO_FRAME_SAMPLES);
    const outlet = new AudioOutlet({ host, port, onDrop });
    /** The position that follows what was read. */
    let next = reader.position;
    /** The position that follows what was published. */
    let published = next;
    let denoiser: Denoiser | null = null;
    let isOpen = false;
    let turn: NodeJS.Immediate | null = null;
    let restTimer: unknown = null;
    let tellTimer: unknown = null;
    let dropped: { firstSample: number; lastSample: number; samples: number } | null = null;
    let onDrained: (() => void) | null = null;

    function schedule(): void {
      if (isOpen) turn ??= setImmediate(context.guard(pump));
    }

    function pump(): void {
      turn = null;
      clock.clearTimeout(restTimer);
      const { ring } = path;
      if (onDrained === null && ring.end - reader.position > BEHIND * ring.capacity) giveUp();
      const untilMs = clock.now() + TURN_MS;
      while (take() && clock.now() < untilMs);
      if (reader.position !== next || reader.available > 0) schedule();
      else if (onDrained === null) {
        restTimer = clock.setTimeout(context.guard(publishRest), REST_MS);
      } else {
        publishRest();
        isOpen = false;
        onDrained();
      }
    }

    /** Takes up to a frame; false when there was none. */
    function take(): boolean {
      const { position } = reader;
      if (position !== next) {
        publishRest();
        next = published = position;
      }
      const samples = reader.read(Math.min(reader.available, AUDIO_FRAME_SAMPLES));
      if (samples === undefined || samples.length === 0) return false;
      next += samples.length;
      cut(denoiser === null ? samples : denoiser.push(samples));
      return true;
    }

    function cut(samples: Int16Array): void {
      for (const frame of cutter.push(samples)) publish(frame);
    }

    function publishRest(): void {
      if (denoiser !== null) cut(denoiser.flush());
      const rest = cutter.rest();
      if (rest !== undefined) publish(rest);
    }

    function publish(samples: Int16Array): void {
      const source = condition.source?.kind ?? '';
      const denoised = denoiser !== null;
      outlet.publish(audioLedger.stamp(samples, { firstSample: published, denoised, source }));
      published += samples.length;
      metrics.framesProcessed.inc({ stage: NAME }, samples.length / FRAME_SAMPLES);
      metrics.messagesPublished.inc({ stream: 'audio' });
    }

    function giveUp(): void {
      const firstSample = reader.position;
      let samples = 0;
      while (reader.available > 0) {
        samples += reader.available;
        reader.seek(reader.position + reader.available);
      }
      metrics.samplesDropped.inc({ buffer: NAME }, samples);
      note(firstSample, reader.position - 1, samples);
    }

    function onDrop(frames: readonly AudioFrame[], reason: string): void {
      metrics.messagesDropped.inc({ outlet: 'audio', stream: 'audio', reason }, frames.length);
      for (const { header } of frames) {
        note(header.first_sample, header.first_sample + header.samples - 1, header.samples);
      }
    }

    function note(firstSample: number, lastSample: number, samples: number): void {
      if (dropped === null) tellTimer = clock.setTimeout(context.guard(tell), TELL_MS);
      dropped = {
        firstSample: dropped?.firstSample ?? firstSample,
        lastSample,
        samples: (dropped?.samples ?? 0) + samples,
      };
    }

    function tell(): void {
      if (dropped === null) return;
      parts.log.warn({ outlet: 'audio', ...dropped }, 'audio dropped');
      context.tell({ type: 'audio.dropped', ...dropped });
      dropped = null;
    }

    async function open(): Promise<void> {
      if (preprocess.denoise) denoiser = await Denoiser.load();
      const address = await outlet.open();
      isOpen = true;
      condition.addresses['audio'] = { audio: address };
      parts.report({ type: 'outlet.opened', outlet: 'audio', addresses: { audio: address } });
      context.tell({ type: 'audio.opened', address });
      schedule();
    }

    async function drain(withinMs: number): Promise<void> {
      const startedMs = clock.now();
      await opening.catch(() => undefined);
      if (isOpen) {
        await new Promise<void>((resolve) => {
          onDrained = resolve;
          schedule();
        });
      }
      await outlet.close(Math.max(0, withinMs * CLOSE_SHARE - (clock.now() - startedMs)));
      tell();
      context.tell({ type: 'audio.closed' });
    }

    const opening = open();
    context.watch(opening);
    const forget = path.onWrite(schedule);
    const sample = (): void => {
      metrics.outletQueued.set({ outlet: 'audio', stream: 'audio' }, outlet.queued);
    };
    parts.samplers.add(sample);
    return {
      receive: ({ withinMs }) => {
        context.watch(drain(withinMs));
      },
      dispose: () => {
        isOpen = false;
        forget();
        parts.samplers.delete(sample);
        if (turn !== null) clearImmediate(turn);
        clock.clearTimeout(restTimer);
        clock.clearTimeout(tellTimer);
        opening.then(() => outlet.close(0)).catch(() => undefined);
      },
    };
  });
}
