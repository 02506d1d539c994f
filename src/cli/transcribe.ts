import { loadConfig } from '../../config/load.ts';
import type { ConfigRequest, LoadedConfig } from '../../config/load.ts';
import type { DaemonReport } from '../daemon.ts';
import { startDaemon } from '../daemon.ts';
import type { Daemon, DaemonEnd } from '../daemon.ts';
import { EXIT } from '../domain/errors.ts';
import type { TranscriptMessage } from '../domain/messages.ts';
import { parseSource } from '../io/sources/source-spec.ts';
import type { SourceSpec } from '../io/sources/source-spec.ts';
import { createLogger } from '../telemetry/logger.ts';
import { writeLine } from './command-io.ts';
import type { CommandIo } from './command-io.ts';
import { UnusableEngine } from './unusable-engine.ts';
import { version } from './version.ts';

export interface TranscribeOptions {
  readonly files: readonly string[];
  readonly request: ConfigRequest;
  readonly json: boolean;
  readonly isStderrTty: boolean;
  readonly signal: AbortSignal;
}

/**
 * `rtap transcribe`: the daemon's own pipeline on files, as fast as it goes, one after the other. Returns 0 when every
 * file was read whole, else 1; a file that cannot be read costs the others nothing.
 */
export async function runTranscribe(options: TranscribeOptions, io: CommandIo): Promise<number> {
  const { config } = loadForFiles(options.request);
  let onReport: (report: DaemonReport) => void = () => undefined;
  const unusable = new UnusableEngine();
  const daemon = startDaemon({
    config,
    version: version(),
    epoch: 1,
    log: createLogger({ level: 'silent' }),
    hasServers: false,
    controlPath: '',
    onReport: (report) => {
      unusable.note(report);
      onReport(report);
    },
  });
  let failures = 0;
  try {
    for (const [index, file] of options.files.entries()) {
      if (options.signal.aborted) break;
      if (options.isStderrTty) {
        io.stderr.write(`\r\u001b[2K${String(index + 1)}/${String(options.files.length)} ${file}`);
      }
      const problems = await Promise.race([
        transcribeOne(file, daemon, options, io, (listener) => {
          onReport = listener;
        }),
        unusable.reason,
      ]);
      if (options.isStderrTty) io.stderr.write('\r\u001b[2K');
      if (typeof problems === 'string') {
        writeLine(io.stderr, `rtap: ${problems}`);
        return EXIT.failed;
      }
      for (const problem of problems) writeLine(io.stderr, `rtap: ${problem}`);
      failures += problems.length > 0 ? 1 : 0;
    }
  } finally {
    daemon.stop();
    await daemon.ended;
  }
  if (options.signal.aborted) return EXIT.interrupted;
  return failures === 0 ? EXIT.done : EXIT.failed;
}

/** Everything that is said is text, unless the person has said otherwise; nobody sees partials. */
function loadForFiles(request: ConfigRequest): LoadedConfig {
  const loaded = loadConfig(request);
  const origin = loaded.origins.get('pipeline.activation');
  const isOwn = origin?.layer === 'default' || origin?.layer === 'profile';
  return loadConfig({
    ...request,
    set: [
      'pipeline.partials=false',
      ...(isOwn ? ['pipeline.activation=always'] : []),
      ...request.set,
    ],
  });
}

function requestOf(file: string): SourceSpec {
  if (file === '-') return parseSource('stdin');
  const spec: SourceSpec = file.startsWith('file:')
    ? parseSource(file)
    : { kind: 'file', path: file, speed: 'max', loop: false, raw: null };
  return spec.kind === 'file' ? { ...spec, speed: 'max', loop: false } : spec;
}

/** Resolves with what was wrong with the file, once all of its text has been written. */
async function transcribeOne(
  file: string,
  daemon: Daemon,
  options: TranscribeOptions,
  io: CommandIo,
  listen: (listener: (report: DaemonReport) => void) => void,
): Promise<string[]> {
  const problems: string[] = [];
  let isOpen = false;
  const finished = new AbortController();
  const done = new Promise<void>((resolve) => {
    listen((report) => {
      switch (report.type) {
        case 'source.opened':
          isOpen = true;
          break;
        case 'source.broke':
          problems.push(report.message);
          // What was heard before it broke is still on its way.
          if (!isOpen) resolve();
          break;
        case 'source.warned':
          problems.push(report.message);
          break;
        case 'source.flushed':
          resolve();
          break;
        case 'message':
          if (!('event_type' in report.message) && report.message.kind === 'final') {
            write(report.message, file, options, io);
          }
          break;
        default:
      }
    });
    options.signal.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { signal: finished.signal },
    );
  });
  daemon.ask(requestOf(file));
  const escalated = await Promise.race([done, daemon.ended]);
  finished.abort();
  if (escalated !== undefined) problems.push(reasonOf(escalated, file));
  return problems;
}

function reasonOf(end: DaemonEnd, file: string): string {
  return end.kind === 'escalated' ? `${file}: ${end.reason}` : `${file}: stopped before its end`;
}

function write(
  message: TranscriptMessage,
  file: string,
  options: TranscribeOptions,
  io: CommandIo,
): void {
  if (options.json) writeLine(io.stdout, JSON.stringify({ file, ...message }));
  else if (options.files.length === 1) writeLine(io.stdout, message.transcript);
  else writeLine(io.stdout, `${file}: ${message.transcript}`);
}
