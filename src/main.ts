#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { loadConfig } from '../config/load.ts';
import type { ConfigRequest } from '../config/load.ts';
import { describeProblem, problemsOf } from '../config/problem.ts';
import { runBench } from './cli/bench.ts';
import type { CommandIo } from './cli/command-io.ts';
import { runConfigCheck, runConfigShow } from './cli/config.ts';
import { runDeviceWatch } from './cli/device-watch.ts';
import { runDevices } from './cli/devices.ts';
import { runDoctor } from './cli/doctor.ts';
import { runListen } from './cli/listen.ts';
import { runRun } from './cli/run.ts';
import { runStatus } from './cli/status.ts';
import { runSys } from './cli/sys.ts';
import type { SysAction } from './cli/sys.ts';
import { runTranscribe } from './cli/transcribe.ts';
import { version } from './cli/version.ts';
import { EXIT, RtapError, describeError } from './domain/errors.ts';
import { controlSocketPath } from './io/control/control-path.ts';

const io: CommandIo = {
  stdout: process.stdout,
  stderr: process.stderr,
  isTty: process.stdout.isTTY,
};

interface ConfigFlags {
  environment?: string;
  config?: string;
  set: string[];
  source?: string;
}

interface SysFlags extends ConfigFlags {
  json?: true;
  context?: string;
  value?: string;
}

function requestOf(flags: ConfigFlags): ConfigRequest {
  return {
    environment: flags.environment,
    file: flags.config,
    set: flags.set,
    argvSource: flags.source,
    env: process.env,
  };
}

function withConfig(command: Command): Command {
  return command
    .option('--environment <name>', 'profile: default, main_pc or pc2')
    .option('--config <file>', 'configuration file, YAML or JSON')
    .option('--set <key=value>', 'one value of the configuration; may be repeated', collect, []);
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}

/** Aborted by the first SIGINT or SIGTERM. */
function untilSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      controller.abort();
    });
  }
  return controller.signal;
}

function createProgram(finish: (code: number) => void): Command {
  const program = new Command('rtap')
    .description('A supervised speech daemon: it listens, and publishes what was said.')
    .version(version())
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(`rtap: ${text.replace(/^error: /, '')}`);
      },
    });

  withConfig(program.command('run'))
    .description('listen and publish until stopped')
    .option('--source <source>', 'auto, device:NAME, file:PATH, stdin, silence or tone')
    .action(async (flags: ConfigFlags) => {
      finish(await runRun(loadConfig(requestOf(flags)), process.env, io));
    });

  program
    .command('listen')
    .description('print what a daemon publishes')
    .option('--ws <url>', 'WebSocket of the daemon')
    .option('--zmq <endpoint>', 'ZeroMQ endpoint, or two with a comma: events,transcripts')
    .option('--json', 'one message a line')
    .option('--count <n>', 'end after so many finals', (text) => Number(text))
    .action(async (flags: { ws?: string; zmq?: string; json?: true; count?: number }) => {
      finish(
        await runListen(
          { ...flags, json: flags.json ?? false },
          { stdout: process.stdout, stderr: process.stderr, signal: untilSignal() },
        ),
      );
    });

  withConfig(program.command('transcribe'))
    .description('the same pipeline on files, as fast as it goes')
    .argument('<file...>', 'WAV files, or - for standard input')
    .option('--json', 'the messages, one a line')
    .action(async (files: string[], flags: ConfigFlags & { json?: true }) => {
      finish(
        await runTranscribe(
          {
            files,
            request: requestOf(flags),
            json: flags.json ?? false,
            isStderrTty: process.stderr.isTTY,
            signal: untilSignal(),
          },
          io,
        ),
      );
    });

  withConfig(program.command('status'))
    .description('the tree of a running daemon')
    .option('--json', 'as JSON')
    .option('--watch', 'keep drawing')
    .action(async (flags: ConfigFlags & { json?: true; watch?: true }) => {
      const { config } = loadConfig(requestOf(flags));
      finish(
        await runStatus(
          {
            controlPath: controlSocketPath(config.cluster.instance, process.env),
            json: flags.json ?? false,
            watch: flags.watch ?? false,
            signal: untilSignal(),
          },
          io,
        ),
      );
    });

  const sys = program
    .command('sys')
    .description('look into a running daemon, child by child, and hold, replace or restart them');
  const ofChild = (action: SysAction, description: string): Command =>
    withConfig(sys.command(action))
      .description(description)
      .argument('<child>', 'its name, as in rtap status')
      .option('--json', 'as JSON')
      .action(async (child: string, flags: SysFlags) => {
        const { config } = loadConfig(requestOf(flags));
        finish(
          await runSys(
            {
              controlPath: controlSocketPath(config.cluster.instance, process.env),
              action,
              child,
              json: flags.json ?? false,
              signal: untilSignal(),
              ...(flags.context === undefined ? {} : { context: flags.context }),
              ...(flags.value === undefined ? {} : { value: flags.value }),
            },
            io,
          ),
        );
      });
  ofChild('state', 'its state and context; what was said is left out');
  ofChild('trace', 'its events and states as they come, until Ctrl-C');
  ofChild('suspend', 'hold its events');
  ofChild('resume', 'let it go on');
  ofChild('replace', 'set fields of its context, or the state that it is in')
    .option('--context <json>', 'fields of its context')
    .option('--value <state>', 'a state, by its name or as JSON');
  ofChild('kill', 'end it at once, as if it had crashed');
  ofChild('terminate', 'stop it, and leave it down');
  ofChild('restart', 'start it again after terminate');

  program
    .command('bench')
    .description('measure: supervision, the ring of samples, capture, or all there is')
    .argument('[name]', 'what is measured')
    .option('--quick', 'a few short repetitions: to see that it works, and not how fast')
    .option('--json', 'as JSON')
    .action(async (name: string | undefined, flags: { quick?: true; json?: true }) => {
      finish(
        await runBench(
          {
            name: name ?? null,
            isQuick: flags.quick ?? false,
            json: flags.json ?? false,
            isStderrTty: process.stderr.isTTY,
          },
          io,
        ),
      );
    });

  withConfig(program.command('devices'))
    .description('input devices, and which one would be opened')
    .option('--json', 'as JSON')
    .option('--watch', 'then what comes, goes and changes, one line each, until Ctrl-C')
    .action(async (flags: ConfigFlags & { json?: true; watch?: true }) => {
      const options = { request: requestOf(flags), json: flags.json ?? false };
      finish(
        flags.watch === true
          ? await runDeviceWatch({ ...options, signal: untilSignal() }, io)
          : await runDevices(options, io),
      );
    });

  withConfig(program.command('doctor'))
    .description('what this machine has and lacks')
    .option('--json', 'as JSON')
    .action(async (flags: ConfigFlags & { json?: true }) => {
      finish(await runDoctor({ request: requestOf(flags), json: flags.json ?? false }, io));
    });

  const config = program.command('config').description('the configuration');
  withConfig(config.command('check'))
    .description('every problem at once')
    .option('--json', 'as JSON')
    .option('--source <source>', 'as in rtap run')
    .action((flags: ConfigFlags & { json?: true }) => {
      finish(runConfigCheck({ request: requestOf(flags), json: flags.json ?? false }, io));
    });
  withConfig(config.command('show'))
    .description('the effective values and the layer that each came from')
    .option('--json', 'as JSON')
    .option('--source <source>', 'as in rtap run')
    .action((flags: ConfigFlags & { json?: true }) => {
      finish(runConfigShow({ request: requestOf(flags), json: flags.json ?? false }, io));
    });
  return program;
}

/** One clear line, or one for each problem of the configuration; never a stack. */
function report(thrown: unknown): number {
  const problems = problemsOf(thrown);
  if (problems !== null) {
    for (const problem of problems) io.stderr.write(`rtap: ${describeProblem(problem)}\n`);
    return EXIT.usage;
  }
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
  io.stderr.write(`rtap: ${describeError(thrown)}\n`);
  return thrown instanceof RtapError && USAGE_CODES.has(thrown.code) ? EXIT.usage : EXIT.failed;
}

/** What the person asked for cannot be had, and asking again will not help. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'USAGE',
  'CONFIG_INVALID',
  'SOURCE_NOT_FOUND',
  'SOURCE_NOT_READABLE',
  'SOURCE_IS_DIRECTORY',
  'SOURCE_NOT_WAV',
  'SOURCE_UNSUPPORTED',
  'SOURCE_EMPTY',
]);

/** The output may still be on its way into a pipe. */
function exitWith(code: number): void {
  process.stdout.write('', () => {
    process.stderr.write('', () => process.exit(code));
  });
}

// A reader that has gone, as in `rtap listen | head`, is no error of ours.
process.stdout.on('error', () => process.exit(EXIT.done));

try {
  await createProgram(exitWith).parseAsync(process.argv);
} catch (thrown) {
  exitWith(report(thrown));
}
