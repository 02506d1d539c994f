'use strict';
// Mocha's spec reporter, plus one plain closing line that scripts can read.
const Spec = require('mocha/lib/reporters/spec');

module.exports = class ClosingLine extends Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats;
      // After the epilogue, which Spec prints on the same event.
      setImmediate(() => {
        const skipped = pending > 0 ? `, ${pending} skipped` : '';
        process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`);
      });
    });
  }
};
