/** How a child ended by itself; OTP takes `shutdown` for a normal end. */
export type Exit = 'normal' | 'shutdown' | 'abnormal';

/**
 * What happens in a tree, as its root tells it: `root.on('supervision.record', ({ record }) => …)`. In order, JSON,
 * without times: whoever listens stamps them.
 */
export type SupervisionRecord =
  /** The child runs and has said that it is ready. */
  | { kind: 'started'; child: string; incarnation: number }
  /** It was stopped by its supervisor. */
  | { kind: 'stopped'; child: string; incarnation: number; reason: string }
  /** It ended by itself. */
  | {
      kind: 'fell';
      child: string;
      incarnation: number;
      exit: Exit;
      reason: string;
      /** True when it had not said yet that it was ready. */
      isStarting: boolean;
    }
  /** A supervisor gives up; it stops its children, and then its own supervisor hears of it. */
  | { kind: 'escalated'; supervisor: string; reason: string }
  /** A significant child has ended, and its supervisor stops for it. */
  | { kind: 'auto_shutdown'; supervisor: string; child: string }
  /** An event for a child that was down, and for which there was no place in its stash. */
  | { kind: 'dead_letter'; child: string; event: string; reason: string };

/** What the root emits. */
export interface SupervisionEmitted {
  type: 'supervision.record';
  record: SupervisionRecord;
}
