/** Samples of a whole frame of published audio: 40 ms. */
export const AUDIO_FRAME_SAMPLES = 640;

/** ZeroMQ topic of published audio. */
export const AUDIO_TOPIC = 'audio';

/** What stands beside the samples of published audio: JSON, the second of three parts. */
export interface AudioFrameHeader {
  schema_version: number;
  instance: string;
  epoch: number;
  stream: 'audio';
  /** Gapless within its epoch, starting at 1. */
  sequence_number: number;
  session_id: string;
  /** Seconds from the Unix epoch. */
  timestamp: number;
  /** Position of the first sample on the sample clock. */
  first_sample: number;
  /** 640, fewer where the audio stops or has a gap. */
  samples: number;
  sample_rate: number;
  channels: number;
  encoding: 's16le';
  /** True where noise was taken out; such audio is for ears and analysis, and not what was recognised. */
  denoised: boolean;
  /** Samples that are missing, or were dropped, between the frame before and this one. */
  gap_before: number;
  /** The source by its kind, as in a transcript. */
  audio_source: string;
}

/** A frame of published audio: its header and its samples, 16-bit, little endian on the wire. */
export interface AudioFrame {
  readonly header: AudioFrameHeader;
  readonly samples: Int16Array;
}
