import type { AnyActorRef, InspectionEvent } from 'xstate';
import { isOwn } from './mail.ts';
import type { SupervisionRecord } from './records.ts';

/**
 * The dead letter in an inspection event, if there is one: an event for an actor that has ended, which XState drops
 * without a word. For the `inspect` option of the root; what is sent by name never comes here.
 */
export function deadLetterOf(
  inspected: InspectionEvent,
): Extract<SupervisionRecord, { kind: 'dead_letter' }> | null {
  if (inspected.type !== '@xstate.event' || isOwn(inspected.event)) return null;
  const { actorRef, event } = inspected;
  const { status } = actorRef.getSnapshot() as { status: string };
  if (status === 'active') return null;
  const child = (actorRef as AnyActorRef).id;
  return { kind: 'dead_letter', child, event: event.type, reason: 'it had ended' };
}
