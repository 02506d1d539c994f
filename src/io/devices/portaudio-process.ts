/**
 * The process that calls into PortAudio, so that nothing which blocks, prints or crashes in native code reaches its parent.
 * Its parent ends it with SIGKILL; it ends itself when its parent is gone, or after it has answered that it failed.
 */
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { RtapError, describeError } from '../../domain/errors.ts';
import { describeMissing, selectDevice } from './input-device.ts';
import type { InputDevice } from './input-device.ts';
import { PCM_FD } from './portaudio-protocol.ts';
import type { PortAudioAnswer, PortAudioRequest } from './portaudio-protocol.ts';

/** The part of naudiodon that is used; the package is optional, so its own types may be missing. */
interface Binding {
  getDevices(): {
    id: number;
    name: string;
    maxInputChannels: number;
    defaultSampleRate: number;
    hostAPIName: string;
  }[];
  getHostAPIs(): { defaultHostAPI: number; HostAPIs: { id: number; defaultInput: number }[] };
  AudioIO(options: { inOptions: Record<string, unknown> }): Readable & { start(): void };
}

/** Audio that may wait for a parent that does not read, before it is thrown away: 2 s. */
const MAX_WAITING_SECONDS = 2;

async function main(): Promise<void> {
  // process.exit() hangs while a stream is stalled in native code.
  process.once('disconnect', die);
  // They reach the whole group of a terminal or a service; what they mean is the parent's to decide.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  await answer({ type: 'ready' });
  const request = JSON.parse(process.argv[2] ?? '{}') as PortAudioRequest;
  const binding = loadBinding();
  if (request.type === 'list') {
    await answer({ type: 'devices', devices: listInputs(binding) });
    die();
  } else {
    await capture(binding, request);
  }
}

function loadBinding(): Binding {
  try {
    return createRequire(import.meta.url)('naudiodon') as Binding;
  } catch (thrown) {
    throw new RtapError(
      'DEVICE_UNAVAILABLE',
      `No sound device can be used: the optional package naudiodon is not installed, or was not built (${firstLine(describeError(thrown))})`,
    );
  }
}

/** A device with the number that this process alone knows it by. */
interface NumberedDevice extends InputDevice {
  readonly id: number;
}

function listInputs(binding: Binding): NumberedDevice[] {
  const { defaultHostAPI, HostAPIs } = binding.getHostAPIs();
  const defaultId = HostAPIs.find((api) => api.id === defaultHostAPI)?.defaultInput;
  return binding
    .getDevices()
    .filter((device) => device.maxInputChannels > 0)
    .map((device) => ({
      name: device.name,
      description: device.name,
      backend: 'portaudio',
      id: device.id,
      maxInputChannels: device.maxInputChannels,
      defaultSampleRateHz: device.defaultSampleRate,
      hostApi: device.hostAPIName,
      isDefault: device.id === defaultId,
      isMonitor: /^monitor of /i.test(device.name),
    }));
}

async function capture(
  binding: Binding,
  request: Extract<PortAudioRequest, { type: 'open' }>,
): Promise<void> {
  const device = findDevice(binding, request.device);
  const sampleRateHz = request.sampleRateHz ?? device.defaultSampleRateHz;
  const channels = Math.min(request.channels, device.maxInputChannels);
  const stream = openStream(binding, device, sampleRateHz, channels);
  await answer({ type: 'opened', device: device.name, sampleRateHz, channels });
  forward(stream, sampleRateHz * channels * 2 * MAX_WAITING_SECONDS);
  stream.start();
}

function findDevice(binding: Binding, wanted: string): NumberedDevice {
  const devices = listInputs(binding);
  const device = selectDevice(devices, wanted);
  if (device !== undefined) return device;
  throw new RtapError('DEVICE_NOT_FOUND', describeMissing(devices, wanted));
}

function openStream(
  binding: Binding,
  device: NumberedDevice,
  sampleRateHz: number,
  channels: number,
): Readable & { start(): void } {
  const framesPerBuffer = Math.round(sampleRateHz / 50);
  try {
    return binding.AudioIO({
      inOptions: {
        deviceId: device.id,
        sampleRate: sampleRateHz,
        channelCount: channels,
        sampleFormat: 16,
        framesPerBuffer,
        // The default waits for half a second of audio.
        highwaterMark: framesPerBuffer * channels * 2,
        maxQueue: 100,
        closeOnError: false,
      },
    });
  } catch (thrown) {
    const why = firstLine(describeError(thrown));
    throw new RtapError(
      'DEVICE_UNAVAILABLE',
      `The device ${JSON.stringify(device.name)} cannot be opened: ${why}`,
      { formatRefused: /format|sample rate|channel/i.test(why) },
    );
  }
}

/** Sends what is captured; PortAudio must never wait, so what a parent does not read in time is dropped and counted. */
function forward(stream: Readable, maxWaitingBytes: number): void {
  const pcm = new Socket({ fd: PCM_FD, readable: false, writable: true });
  pcm.on('error', die);
  let sentBytes = 0;
  let droppedBytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (pcm.writableLength + chunk.length > maxWaitingBytes) {
      droppedBytes += chunk.length;
      return;
    }
    if (droppedBytes > 0) {
      void answer({ type: 'dropped', atByte: sentBytes, bytes: droppedBytes });
      droppedBytes = 0;
    }
    sentBytes += chunk.length;
    pcm.write(chunk);
  });
}

/** Resolves when the message has left, since native code may block the process right after. */
function answer(message: PortAudioAnswer): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) die();
    else
      process.send(message, undefined, undefined, () => {
        resolve();
      });
  });
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

main().catch(async (thrown: unknown) => {
  const isOurs = thrown instanceof RtapError;
  await answer({
    type: 'failed',
    code: isOurs && thrown.code === 'DEVICE_NOT_FOUND' ? thrown.code : 'DEVICE_UNAVAILABLE',
    message: isOurs ? thrown.message : `PortAudio failed: ${firstLine(describeError(thrown))}`,
    formatRefused: isOurs && thrown.details['formatRefused'] === true,
  });
  die();
});
