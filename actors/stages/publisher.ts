import type { CallbackActorLogic } from 'xstate';
import { publisherMachine } from '../../machines/publisher.ts';
import type { PublisherCommand } from '../../machines/publisher.ts';
import { sourceMetadata } from '../../src/domain/events.ts';
import type { EventBody, Message, TranscriptMessage } from '../../src/domain/messages.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';

/** The publisher stage: stamps messages and hands them to every outlet that is open. */
export function publisherStage(parts: Parts) {
  return publisherMachine.provide({ actors: { runtime: publisherRuntime(parts) } });
}

function publisherRuntime(parts: Parts): CallbackActorLogic<PublisherCommand> {
  const { ledger, metrics, outlets } = parts;
  return fromRuntime<PublisherCommand, { type: 'stage.drained' }>((context) => {
    function send(message: Message): void {
      const { stream } = message;
      metrics.messagesPublished.inc({ stream });
      metrics.streamSequence.set({ stream }, message.sequence_number);
      for (const outlet of outlets) outlet(message);
      parts.report({ type: 'message', message });
    }

    function sendEvent(body: EventBody): void {
      send(ledger.stamp('events', body));
    }

    function count({ event_type, metadata }: EventBody): void {
      if (event_type !== 'utterance_discarded') return;
      metrics.utterances.inc({ outcome: String(metadata['outcome']) });
    }

    return {
      receive: (command) => {
        switch (command.type) {
          case 'publish.event':
            count(command.body);
            sendEvent(command.body);
            break;
          case 'publish.transcript': {
            const message = ledger.stamp('transcripts', command.body);
            send(message);
            if (message.kind === 'final') {
              metrics.utterances.inc({ outcome: 'published' });
              for (const body of finalEvents(message)) sendEvent(body);
            }
            break;
          }
          case 'stage.flushed':
            sendEvent({
              event_type: 'source_ended',
              level: 'info',
              metadata: {
                ...(parts.condition.source === null ? {} : sourceMetadata(parts.condition.source)),
                end_sample: command.endSample,
              },
            });
            parts.report({ type: 'source.flushed' });
            break;
          case 'stage.drain':
            sendEvent({
              event_type: 'pipeline_stopped',
              level: 'info',
              metadata: { ...sampleCounts(parts) },
            });
            context.tell({ type: 'stage.drained' });
        }
      },
      dispose: () => undefined,
    };
  });
}

/** What follows a final on the stream of events. */
function finalEvents(message: TranscriptMessage): EventBody[] {
  const { utterance_id, sequence_number, language, processing_time_ms } = message;
  return [
    {
      event_type: 'transcript_ready',
      level: 'info',
      metadata: { utterance_id, sequence_number, language, processing_time_ms },
    },
    { event_type: 'processing_completed', level: 'info', metadata: { utterance_id } },
  ];
}

function sampleCounts(parts: Parts): Record<string, number> {
  const { captured, refused, missing } = parts.path.counters;
  return { captured_samples: captured, refused_samples: refused, missing_samples: missing };
}
