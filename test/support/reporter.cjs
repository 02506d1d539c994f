'use strict';
// Mocha's spec reporter, plus a budget of time for each folder of tests, and one plain closing line that scripts can read.
const path = require('node:path');
const Spec = require('mocha/lib/reporters/spec');

/** Seconds on two cores, generously: a folder that exceeds its own has become another kind of test. */
const BUDGETS_SECONDS = {
  unit: 600,
  supervision: 180,
  conformance: 240,
  docs: 120,
  pipeline: 1200,
};

const LEFT_OPEN_MS = 10_000;

module.exports = class ClosingLine extends Spec {
  constructor(runner, options) {
    super(runner, options);
    const spentMs = {};
    let lastMs = performance.now();
    // From the end of one test to that of the next, hooks included.
    runner.on('test end', (test) => {
      const folder = path.relative('test', test.file ?? '').split(path.sep)[0];
      const nowMs = performance.now();
      spentMs[folder] = (spentMs[folder] ?? 0) + nowMs - lastMs;
      lastMs = nowMs;
    });
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats;
      const over = Object.entries(spentMs).filter(
        ([folder, ms]) => !(ms <= 1000 * BUDGETS_SECONDS[folder]),
      );
      // After the epilogue, which Spec prints on the same event.
      setImmediate(() => {
        for (const [folder, ms] of Object.entries(spentMs)) {
          const seconds = Math.round(ms / 1000);
          process.stdout.write(`test/${folder}: ${seconds} s of ${BUDGETS_SECONDS[folder]} s\n`);
        }
        if (over.length > 0) process.once('exit', () => (process.exitCode = 1));
        const skipped = pending > 0 ? `, ${pending} skipped` : '';
        process.stdout.write(`${passes} passed, ${failures + over.length} failed${skipped}\n`);
        // What is left open is told, and does not hold up whoever waits for the end.
        setTimeout(() => {
          process.stderr.write(`left open: ${process.getActiveResourcesInfo().join(', ')}\n`);
          process.exit();
        }, LEFT_OPEN_MS).unref();
      });
    });
  }
};
