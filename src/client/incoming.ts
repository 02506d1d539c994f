import { RtapError } from '../domain/errors.ts';
import type { Message, Stream, WebSocketFrame } from '../domain/messages.ts';
import type { ErrorPayload, HeartbeatPayload, StatusPayload } from '../io/outlets/frames.ts';
import type { StreamPositions } from './stream-tracker.ts';

type Fields = Record<string, unknown>;

const FRAME_TYPES: readonly string[] = ['transcript', 'event', 'status', 'error', 'heartbeat'];

/** Reads one frame's envelope; throws `PROTOCOL` for anything else. */
export function readFrame(text: string): WebSocketFrame {
  const frame = readObject(text);
  const type = frame['message_type'];
  if (typeof type !== 'string' || !FRAME_TYPES.includes(type)) {
    throw new RtapError('PROTOCOL', 'A frame came whose message_type is unknown.');
  }
  return frame as unknown as WebSocketFrame;
}

/** Reads one message's JSON; throws `PROTOCOL` when it is no message. */
export function readMessageText(text: string): Message {
  return readMessage(readObject(text));
}

/**
 * Checks what a consumer relies on: the place in the streams, and the fields that tell the kinds
 * apart. Unknown fields pass, since later versions may add some.
 */
export function readMessage(value: unknown): Message {
  const fields = asFields(value);
  const isPlaced =
    isStream(fields['stream']) &&
    isCount(fields['epoch'], 0) &&
    isCount(fields['sequence_number'], 1) &&
    typeof fields['timestamp'] === 'number';
  const isEvent = fields['stream'] === 'events' && typeof fields['event_type'] === 'string';
  const isTranscript =
    fields['stream'] === 'transcripts' &&
    typeof fields['kind'] === 'string' &&
    typeof fields['transcript'] === 'string' &&
    typeof fields['language'] === 'string';
  if (!isPlaced || !(isEvent || isTranscript)) {
    throw new RtapError('PROTOCOL', 'A message came that lacks fields of the protocol.');
  }
  return fields as unknown as Message;
}

export function readStatus(value: unknown): StatusPayload {
  const fields = asFields(value);
  readPositions(fields['positions']);
  if (!isCount(fields['epoch'], 0) || typeof fields['state'] !== 'string') {
    throw new RtapError('PROTOCOL', 'A status came that lacks fields of the protocol.');
  }
  return fields as unknown as StatusPayload;
}

export function readHeartbeat(value: unknown): HeartbeatPayload {
  const fields = asFields(value);
  readPositions(fields['positions']);
  if (!isCount(fields['epoch'], 0)) {
    throw new RtapError('PROTOCOL', 'A heartbeat came that lacks its epoch.');
  }
  return fields as unknown as HeartbeatPayload;
}

export function readErrorPayload(value: unknown): ErrorPayload {
  const fields = asFields(value);
  if (typeof fields['code'] !== 'string' || typeof fields['message'] !== 'string') {
    throw new RtapError('PROTOCOL', 'An error frame came without its code.');
  }
  return fields as unknown as ErrorPayload;
}

function readPositions(value: unknown): StreamPositions {
  const fields = asFields(value);
  if (!isCount(fields['events'], 0) || !isCount(fields['transcripts'], 0)) {
    throw new RtapError('PROTOCOL', 'A frame came without the positions of both streams.');
  }
  return fields as StreamPositions;
}

function readObject(text: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new RtapError('PROTOCOL', 'Something came that is no JSON.');
  }
  return asFields(parsed);
}

function asFields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RtapError('PROTOCOL', 'Something came that is no JSON object.');
  }
  return value as Fields;
}

function isStream(value: unknown): value is Stream {
  return value === 'events' || value === 'transcripts';
}

function isCount(value: unknown, min: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min;
}
