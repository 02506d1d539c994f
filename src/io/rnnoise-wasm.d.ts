declare module '@echogarden/rnnoise-wasm' {
  /** Pointers are offsets in bytes. */
  export interface Rnnoise {
    readonly HEAPF32: Float32Array;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    _rnnoise_get_frame_size(): number;
    _rnnoise_create(model: 0): number;
    _rnnoise_destroy(state: number): void;
    /** Samples are on the scale of 16 bits; returns the probability of speech. */
    _rnnoise_process_frame(state: number, out: number, input: number): number;
  }
  export default function load(): Promise<Rnnoise>;
}
