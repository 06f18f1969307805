/** How far a cell has got, for the supervisor, which wants to know whether values pass or only the event loop turns. */
export interface Progress {
  /** Grows with everything that gets done, modulo 2^32. */
  readonly steps: number;
  /** Whether something is to be done now that waits for nobody outside: one of our own cells has to act. */
  readonly busy: boolean;
}

/** A cell that only listens. */
export const IDLE: Progress = { steps: 0, busy: false };
