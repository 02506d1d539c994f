import type { Message, Stream } from '../../domain/messages.ts';
import { RtapError } from '../../domain/errors.ts';

const encoded = new WeakMap<object, string>();

/**
 * The JSON text of a message, made once, so that every outlet sends the same bytes.
 * It does not follow later changes of the message. Throws `PROTOCOL` for what JSON cannot hold.
 */
export function encodeMessage(message: Message): string {
  const known = encoded.get(message);
  if (known !== undefined) return known;
  const text = toJson(message);
  encoded.set(message, text);
  return text;
}

/** Which of the two streams a message belongs to, as the WebSocket frames name it. */
export function frameTypeOf(stream: Stream): 'event' | 'transcript' {
  return stream === 'events' ? 'event' : 'transcript';
}

function toJson(message: Message): string {
  try {
    return JSON.stringify(message);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown);
    throw new RtapError(
      'PROTOCOL',
      `A message of the stream ${message.stream} cannot be written as JSON: ${reason ?? ''}.`,
    );
  }
}
