import type { EventFrame } from '$lib/api/types';

/**
 * Remembers recent frames. A snapshot that was read on the server before a frame was sent may reach us after it;
 * applying the frames after the snapshot's seq to it closes that gap.
 */
export class FrameLog {
  #frames: EventFrame[] = [];
  constructor(private readonly limit = 1000) {}

  push(frame: EventFrame): void {
    this.#frames.push(frame);
    if (this.#frames.length > this.limit) this.#frames.splice(0, this.#frames.length - this.limit);
  }

  after(seq: number): EventFrame[] {
    return this.#frames.filter((frame) => frame.seq > seq);
  }

  clear(): void {
    this.#frames = [];
  }
}
