import type { CallbackActorLogic } from 'xstate';
import { createEngineMachine } from '../../machines/engine.ts';
import type { EngineProcessFact } from '../../machines/engine.ts';
import type { ProcessCommand } from '../../machines/process.ts';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { EngineName } from '../../src/domain/events.ts';
import { EngineProcess } from '../../src/io/engines/engine-process.ts';
import type { EngineOptions } from '../../src/io/engines/engine-protocol.ts';
import type { EngineLink } from '../engine-link.ts';
import type { Parts } from '../parts.ts';
import { fromRuntime } from '../runtime.ts';

const UNUSABLE: ReadonlySet<ErrorCode> = new Set([
  'ENGINE_NOT_FOUND',
  'ENGINE_DIGEST',
  'ENGINE_WRONG_ANSWER',
]);

/** One engine: a process of its own, warmed up, attached to its link while it is ready. */
export function engineActor<TEngine extends EngineName>(
  parts: Parts,
  link: EngineLink<TEngine>,
  options: EngineOptions[TEngine],
  tells: readonly string[],
) {
  return createEngineMachine(link.engine, tells).provide({
    actors: { runtime: engineRuntime(parts, link, options) },
  });
}

function engineRuntime<TEngine extends EngineName>(
  parts: Parts,
  link: EngineLink<TEngine>,
  options: EngineOptions[TEngine],
): CallbackActorLogic<ProcessCommand> {
  const { engine } = link;
  return fromRuntime<ProcessCommand, EngineProcessFact>((context) => {
    const process = new EngineProcess({
      engine,
      options,
      onEvent: context.guard((event) => {
        switch (event.type) {
          case 'spawned':
            parts.report({ type: 'engine.warming', engine, pid: event.pid });
            context.tell({ type: 'process.spawned', pid: event.pid });
            break;
          case 'ready':
            link.attach(process, event.identity);
            parts.report({
              type: 'engine.ready',
              engine,
              identity: event.identity,
              loadMs: event.loadMs + event.warmUpMs,
            });
            context.tell({
              type: 'process.ready',
              identity: event.identity,
              loadMs: event.loadMs,
              warmUpMs: event.warmUpMs,
            });
            break;
          case 'failed':
            link.detach(process);
            parts.metrics.errors.inc({ stage: engine, error_type: event.error.code });
            lost(event.error.message);
            if (UNUSABLE.has(event.error.code)) {
              parts.report({ type: 'engine.unusable', engine, message: event.error.message });
            }
            context.tell({
              type: 'process.failed',
              code: event.error.code,
              reason: event.error.message,
            });
            break;
          case 'exited':
            link.detach(process);
            lost(exitReason(event));
            context.tell({ type: 'process.exited', reason: exitReason(event) });
        }
      }),
    });
    let isStopping = false;

    function lost(reason: string): void {
      if (!isStopping) parts.report({ type: 'engine.lost', engine, reason });
    }

    process.start();
    return {
      receive: ({ graceMs }) => {
        isStopping = true;
        link.detach(process);
        context.watch(process.stop(graceMs));
      },
      dispose: () => {
        isStopping = true;
        link.detach(process);
        process.kill();
      },
    };
  });
}

function exitReason(exit: { code: number | null; signal: string | null }): string {
  return exit.signal === null
    ? `exited with code ${String(exit.code)}`
    : `killed by ${exit.signal}`;
}
