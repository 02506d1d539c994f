import { expect } from 'chai';
import { createLogger, type LoggerOptions } from '../../../src/telemetry/logger.ts';

describe('The logger', () => {
  function logger(options: Partial<LoggerOptions> = {}) {
    const lines: string[] = [];
    const stream = { write: (line: string) => lines.push(line) };
    const made = createLogger({ level: 'info', base: { instance: 'main' }, stream, ...options });
    return { log: made, lines };
  }

  it('writes one JSON object a line, with the level in words', () => {
    const { log, lines } = logger();
    log.warn({ stage: 'stt', dropped: 3 }, 'frames were dropped');
    log.debug('not at this level');
    expect(lines).to.have.length(1);
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line).to.include({
      level: 'warn',
      instance: 'main',
      stage: 'stt',
      dropped: 3,
      msg: 'frames were dropped',
    });
    expect(new Date(String(line['time'])).toString()).to.not.equal('Invalid Date');
  });

  const SPOKEN = 'meet me at the harbour';

  function logEverywhere(log: ReturnType<typeof logger>['log']): void {
    log.info({ transcript: SPOKEN, confidence: 0.9 }, 'final');
    log.info({ message: { transcript: SPOKEN, text: SPOKEN } }, 'nested');
    log.info({ a: { b: { c: { transcript: SPOKEN } } } }, 'deep');
    log.info({ list: [{ transcript: SPOKEN }] }, 'in a list');
    log.child({ transcript: SPOKEN }).info('child');
  }

  it('writes nothing of what was said', () => {
    const { log, lines } = logger();
    logEverywhere(log);
    expect(lines).to.have.length(5);
    expect(lines.join('')).to.not.contain('harbour');
    expect(JSON.parse(lines[0] ?? '')).to.include({ transcript: '[redacted]', confidence: 0.9 });
  });

  it('writes what was said when it was asked to, and secrets never', () => {
    const { log, lines } = logger({ transcriptText: true });
    logEverywhere(log);
    for (const line of lines) expect(line).to.contain('harbour');
    log.info({ token: 'hush', options: { password: 'hush' } }, 'secret');
    expect(lines.at(-1)).to.not.contain('hush');
  });

  it('does not change what it was given', () => {
    const { log } = logger();
    const message = { transcript: SPOKEN, nested: { transcript: SPOKEN } };
    log.info({ message, transcript: SPOKEN }, 'final');
    expect(message).to.deep.equal({ transcript: SPOKEN, nested: { transcript: SPOKEN } });
  });
});
