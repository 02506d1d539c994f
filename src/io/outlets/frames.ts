import type { Stream, WebSocketFrame } from '../../domain/messages.ts';
import type { Positions } from './ledger.ts';

/** Payload of a `status` frame: who is speaking, and where both streams are. */
export interface StatusPayload {
  schema_version: number;
  instance: string;
  epoch: number;
  session_id: string;
  state: string;
  healthy: boolean;
  reasons: string[];
  positions: Positions;
}

/** Payload of a `heartbeat` frame: everything up to these positions went before it. */
export interface HeartbeatPayload {
  instance: string;
  epoch: number;
  positions: Positions;
}

export const FRAME_ERROR_CODES = [
  /** These messages will never come on this connection. */
  'MESSAGES_LOST',
  /** The client comes from another epoch: what followed its position there is not known here. */
  'EPOCH_CHANGED',
  /** The resume position makes no sense; the connection goes on with what is new. */
  'BAD_RESUME',
  /** The client sent something that is not understood. */
  'BAD_FRAME',
] as const;

export type FrameErrorCode = (typeof FRAME_ERROR_CODES)[number];

/** Payload of an `error` frame. The range is inclusive; `last` is null where it cannot be known. */
export interface ErrorPayload {
  code: FrameErrorCode;
  message: string;
  stream: Stream | null;
  epoch: number | null;
  first: number | null;
  last: number | null;
}

/** The text of one frame. */
export function encodeFrame(
  type: WebSocketFrame['message_type'],
  timestamp: number,
  payloadJson: string,
): string {
  return `{"message_type":"${type}","timestamp":${timestamp},"payload":${payloadJson}}`;
}
