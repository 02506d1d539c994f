/** White noise of this level, the same at every call. */
export function noise(samples: number, rmsDbfs: number): Int16Array {
  let state = 1;
  const amplitude = 32_768 * 10 ** (rmsDbfs / 20) * Math.sqrt(3);
  return Int16Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.round(amplitude * (state / 2 ** 31 - 1));
  });
}

/** One signal with another added to it. */
export function mixed(signal: Int16Array, added: Int16Array): Int16Array {
  return signal.map((sample, index) =>
    Math.max(-32_768, Math.min(32_767, sample + (added[index] ?? 0))),
  );
}
