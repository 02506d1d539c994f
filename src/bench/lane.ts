/** One of the things that are compared, in its process. What is warmed up before the first repetition is its own business. */
export interface Lane {
  warmUp(): Promise<void>;
  /** Does its work once, and resolves with what it measured. */
  repeat(): Promise<readonly number[]>;
}
