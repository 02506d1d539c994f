/** What a feed tells its owner; `onDown` follows every `onUp` once, and also a failed first try. */
export interface FeedListener {
  onUp: () => void;
  /** One WebSocket frame, or the JSON of one ZeroMQ message. */
  onText: (text: string) => void;
  /** Something that came and is no text; nothing of it is given on. */
  onGarbage: (complaint: string) => void;
  onDown: (reason: string) => void;
}

/** The receiving end of an outlet. */
export interface Feed {
  /** True when it comes back by itself after `onDown`; otherwise it is spent then. */
  readonly reconnects: boolean;
  /** Takes nothing until `resume`; what waits, waits in bounded buffers of the transport. */
  pause: () => void;
  resume: () => void;
  /** Ends it without a further call to the listener. */
  close: () => Promise<void>;
}
