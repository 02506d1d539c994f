/**
 * The supervision library, `rtap/supervision`: OTP's supervisors for XState actors. It knows no actor of RTAP's; its
 * guide is docs/supervision.md.
 */
export { processActor } from '../actors/process.ts';
export type { ProcessActorOptions } from '../actors/process.ts';
export { to } from '../machines/address.ts';
export { HEARTBEAT } from '../supervisors/child-spec.ts';
export type {
  AutoShutdown,
  Backoff,
  ChildSpec,
  Heartbeat,
  Intensity,
  Restart,
  ShutdownBound,
  StartBound,
  Strategy,
  SupervisorSpec,
  WorkerSpec,
} from '../supervisors/child-spec.ts';
export { deadLetterOf } from '../supervisors/dead-letter-tap.ts';
export type { TransitionMonitor } from '../supervisors/gate.ts';
export type { Exit, SupervisionEmitted, SupervisionRecord } from '../supervisors/records.ts';
export {
  countChildren,
  deleteChild,
  restartChild,
  startChild,
  terminateChild,
  whichChildren,
} from '../supervisors/requests.ts';
export type { ChildCounts, SupervisorReply } from '../supervisors/requests.ts';
export { Births, statusOfTree } from '../supervisors/status.ts';
export type { ChildStatus } from '../supervisors/status.ts';
export { supervise } from '../supervisors/supervise.ts';
export type { SuperviseOptions } from '../supervisors/supervise.ts';
export { EscalationError, StartError } from '../supervisors/supervisor.ts';
export { Sys, SysError } from '../supervisors/sys.ts';
export type { ChildState, TraceStep } from '../supervisors/sys.ts';
export { InvalidTreeError } from '../supervisors/tree-problems.ts';
