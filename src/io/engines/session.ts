import * as ort from 'onnxruntime-node';
import type { LoadedWeights } from './weights.ts';

/**
 * One thread: on small models a second costs more than it brings. The arena stays: without it the allocator gives
 * every block back to the kernel and gets it anew, at fifteen times the time; patterns only cost memory.
 */
const OPTIONS: ort.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  enableCpuMemArena: true,
  enableMemPattern: false,
  logSeverityLevel: 3,
};

export const PROVIDER = 'cpu';

export function createSession(weights: LoadedWeights): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(weights.content, OPTIONS);
}

/** A float output by its name. Throws when the model has no such output, or it is not of floats. */
export function floatsOf(
  outputs: ort.InferenceSession.OnnxValueMapType,
  name: string,
): Float32Array {
  const value = outputs[name];
  if (!(value instanceof ort.Tensor) || !(value.data instanceof Float32Array)) {
    throw new Error(`the model gives no floats named ${name}`);
  }
  return value.data;
}
