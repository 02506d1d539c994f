import { expect } from 'chai';

/** What the status says of the samples. */
export interface SampleStatus {
  readonly clock: number;
  readonly captured: number;
  readonly refused: number;
  readonly missing: number;
  readonly readers: readonly {
    readonly name: string;
    readonly processed: number;
    readonly dropped: number;
    readonly unread: number;
  }[];
}

/** Every captured sample was processed, dropped, refused, or is yet to be read; the clock counts nothing else. */
export function expectAccounted({
  clock,
  captured,
  refused,
  missing,
  readers,
}: SampleStatus): void {
  expect(clock).to.equal(captured + missing);
  expect(readers.map(({ name }) => name)).to.include.members(['voice-activity', 'wakeword']);
  for (const { processed, dropped, unread } of readers) {
    expect(processed + dropped + unread).to.equal(captured - refused);
  }
}
