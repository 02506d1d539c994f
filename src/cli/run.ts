import { UnusableEngine } from './unusable-engine.ts';
import { runPreflight } from './preflight.ts';
import { RunLog } from './run-log.ts';
import { Screen } from './screen.ts';
import { decideSource } from './source-choice.ts';
import { version } from './version.ts';
import { writeLine } from './command-io.ts';
import type { CommandIo } from './command-io.ts';
import type { DaemonState } from '../../actors/parts.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { stateDirectory } from '../../config/state-directory.ts';
import { startDaemon } from '../daemon.ts';
import type { DaemonReport } from '../daemon.ts';
import { EXIT, describeError } from '../domain/errors.ts';
import { controlSocketPath } from '../io/control/control-path.ts';
import { raiseEpoch } from '../io/epoch-store.ts';
import { Watchdog } from '../io/watchdog/watchdog.ts';
import { processRecorder } from '../telemetry/flight-recorder.ts';
import { createLogger } from '../telemetry/logger.ts';

/** After the tree's own bounds, for the last of them to take effect. */
const OVERRUN_MS = 100;

const SIGNAL_EXITS = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const;

/**
 * `rtap run`: the daemon, until a signal. Resolves with the exit code once everything is down, or when its bound has
 * passed; a second signal ends the process at once.
 */
export async function runRun(
  loaded: LoadedConfig,
  env: NodeJS.ProcessEnv,
  io: CommandIo,
): Promise<number> {
  const { config } = loaded;
  const log = createLogger({
    level: config.telemetry.log_level,
    base: { instance: config.cluster.instance },
    transcriptText: config.telemetry.log_text,
    stream: { write: (line: string) => void io.stdout.write(line) },
  });
  const screen = io.isTty ? screenOn(io) : null;
  const runLog = new RunLog(log, config.telemetry.log_text);
  const say = (text: string): void => {
    if (screen === null) log.info(text);
    else screen.notice(text);
  };

  const controlPath = controlSocketPath(config.cluster.instance, env);
  await runPreflight(config, controlPath);
  const source = decideSource(loaded);
  const epoch = raiseEpoch(stateDirectory(config, env), config.cluster.instance);

  const wake =
    config.pipeline.activation === 'always'
      ? 'all speech is recognised'
      : `wake phrase: ${config.wakeword.phrases.map((phrase) => phrase.replaceAll('_', ' ')).join(', ')}`;
  if (screen === null) log.info({ version: version(), profile: loaded.profile.name }, 'starting');
  else screen.opening(version(), wake);
  for (const notice of loaded.notices) say(notice);

  const watchdog = new Watchdog({
    recorder: processRecorder,
    limitMs: config.resilience.watchdog_ms,
    onBlocked: (block) => {
      daemon.parts.metrics.loopBlocks.inc();
      daemon.parts.metrics.loopBlockedSeconds.inc(block.durationMs / 1_000);
      if (screen === null) log.warn(block, 'loop.blocked');
      else screen.notice(`everything stood still for ${String(Math.round(block.durationMs))} ms`);
    },
    onUnable: (reason) => {
      say(`the service manager is not told how the daemon is: ${reason}`);
    },
  });
  await watchdog.start();

  const unusable = new UnusableEngine();
  const daemon = startDaemon({
    config,
    version: version(),
    epoch,
    log,
    hasServers: true,
    controlPath,
    monitor: processRecorder,
    onReport: (report: DaemonReport) => {
      if (report.type === 'readiness.changed') tellService(watchdog, report.state);
      unusable.note(report);
      if (screen === null) runLog.show(report);
      else screen.show(report);
    },
  });
  void source.then((choice) => {
    if (choice.notice !== null) say(choice.notice);
    daemon.ask(choice.request);
  });

  return new Promise((resolve) => {
    let isStopping = false;
    void unusable.reason.then(async (reason) => {
      daemon.stop();
      await daemon.ended;
      writeLine(io.stderr, `rtap: ${reason}`);
      resolve(EXIT.failed);
    });
    const onSignal = (signal: NodeJS.Signals): void => {
      if (isStopping) {
        resolve(SIGNAL_EXITS[signal as keyof typeof SIGNAL_EXITS]);
        return;
      }
      isStopping = true;
      screen?.stopping();
      daemon.stop();
      setTimeout(() => {
        writeLine(
          io.stderr,
          `rtap: the shutdown did not end within ${String(config.resilience.shutdown_ms)} ms; what was left is ended now`,
        );
        resolve(EXIT.shutdownOverran);
      }, config.resilience.shutdown_ms + OVERRUN_MS).unref();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    const escalate = (thrown: unknown): void => {
      const reason = `an error that nothing caught: ${describeError(thrown)}`;
      if (!isStopping) {
        isStopping = true;
        setTimeout(() => {
          writeLine(io.stderr, `rtap: ${reason}; what was left is ended now`);
          resolve(EXIT.escalated);
        }, config.resilience.shutdown_ms + OVERRUN_MS).unref();
      }
      daemon.escalate(reason);
    };
    process.on('uncaughtException', escalate);
    process.on('unhandledRejection', escalate);
    void daemon.ended.then((end) => {
      if (end.kind === 'escalated') {
        writeLine(io.stderr, `rtap: a supervisor gave up: ${end.reason}`);
        resolve(EXIT.escalated);
        return;
      }
      if (screen === null) log.info('stopped');
      else screen.stopped();
      resolve(EXIT.done);
    });
  });
}

function tellService(watchdog: Watchdog, state: DaemonState): void {
  if (state === 'ready') watchdog.ready();
  else if (state === 'stopping') watchdog.stopping();
}

function screenOn(io: CommandIo): Screen {
  return new Screen({
    write: (text) => void io.stdout.write(text),
    columns: () => process.stdout.columns || 80,
    hasColour: process.env['NO_COLOR'] === undefined,
    now: () => performance.now(),
  });
}
