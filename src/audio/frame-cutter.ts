import { FRAME_SAMPLES } from '../domain/pcm.ts';

/** Owns the cutting of a sample stream into frames of one length; each frame is an array of its own. */
export class FrameCutter {
  readonly #carry: Int16Array;
  #carried = 0;

  constructor(frameSamples = FRAME_SAMPLES) {
    this.#carry = new Int16Array(frameSamples);
  }

  /** The frames that `samples` completes. */
  push(samples: Int16Array): Int16Array[] {
    const frames: Int16Array[] = [];
    const frameSamples = this.#carry.length;
    let at = 0;
    while (this.#carried + samples.length - at >= frameSamples) {
      const taken = frameSamples - this.#carried;
      const frame = new Int16Array(frameSamples);
      frame.set(this.#carry.subarray(0, this.#carried));
      frame.set(samples.subarray(at, at + taken), this.#carried);
      frames.push(frame);
      this.#carried = 0;
      at += taken;
    }
    this.#carry.set(samples.subarray(at), this.#carried);
    this.#carried += samples.length - at;
    return frames;
  }

  /** The last, shorter frame, when samples are left over; the cutter is empty afterwards. */
  rest(): Int16Array | undefined {
    if (this.#carried === 0) return undefined;
    const rest = this.#carry.slice(0, this.#carried);
    this.#carried = 0;
    return rest;
  }
}
