import { Session } from 'node:inspector';
import { EXIT } from '../../domain/errors.ts';

/** For the listeners of the exit, which may flush; they run on the thread that was blocked. */
const GRACE_MS = 500;

/**
 * Ends the whole process from another thread than the main one. JavaScript that spins is interrupted through Node's
 * inspector, which makes the exit code that of an escalation; Node writes then that it waits for a debugger. Where it
 * really waits for one, where native code does not hear of it, and where a listener of the exit hangs, it is a kill.
 */
export function endProcess(): void {
  setTimeout(() => {
    process.kill(process.pid, 'SIGKILL');
  }, GRACE_MS);
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.evaluate', { expression: `process.exit(${String(EXIT.escalated)})` });
}
