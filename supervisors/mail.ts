import type { ActorLogic, AnyActorLogic, AnyEventObject, Snapshot } from 'xstate';

/** An event for a child that is not there, as its slot or the root gets it. */
export interface Mail {
  type: 'sup.mail';
  event: AnyEventObject;
}

/** Whether slots and supervisors say it to each other; everything else that reaches one of them is mail. */
export function isOwn({ type }: AnyEventObject): boolean {
  return /^(sup|slot|xstate)\./.test(type);
}

/**
 * The same logic, which gets foreign events as `sup.mail`: so it can take them without a bare wildcard, which would
 * swallow the errors of children.
 */
export function takingMail<TLogic extends AnyActorLogic>(logic: TLogic): TLogic {
  const { transition } = logic as PlainLogic;
  return derive(logic, (snapshot, event, scope) => {
    const mail: Mail = { type: 'sup.mail', event };
    return transition(snapshot, isOwn(event) ? event : mail, scope);
  });
}

/** Any logic, for who only passes on what it is given. */
export type PlainLogic = ActorLogic<Snapshot<unknown>, AnyEventObject>;

/** The same logic in everything but its transition; a machine stays one for whoever draws or inspects it. */
export function derive<TLogic extends AnyActorLogic>(
  logic: TLogic,
  transition: PlainLogic['transition'],
): TLogic {
  // A copy, and not an heir: V8 would give each prototype a hidden class of its own.
  const prototype = Object.getPrototypeOf(logic) as object | null;
  return Object.assign(Object.create(prototype) as TLogic, logic, { transition });
}
