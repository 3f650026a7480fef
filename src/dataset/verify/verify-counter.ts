/** How far a verification has come. */
export interface VerifyProgress {
  /** The shard at hand. */
  readonly file: string;
  /** Clips that were read, and that there are; each counts once for every format. */
  readonly done: number;
  readonly total: number;
  /** Clips that were encoded again, or could not be. */
  readonly reencoded: number;
}

/** Counts clips as they are read. */
export class VerifyCounter {
  readonly #total: number;
  readonly #tell: (progress: VerifyProgress) => void;
  #done = 0;
  #reencoded = 0;

  constructor(total: number, tell: (progress: VerifyProgress) => void = () => {}) {
    this.#total = total;
    this.#tell = tell;
  }

  /** One more clip was read. */
  read(file: string): void {
    this.goTo(file, this.#done + 1);
  }

  /** So many clips are behind, whether they were read or passed over. */
  goTo(file: string, done: number): void {
    this.#done = Math.min(done, this.#total);
    this.#tell({ file, done: this.#done, total: this.#total, reencoded: this.#reencoded });
  }

  reencoded(file: string, clips: number): void {
    this.#reencoded += clips;
    this.goTo(file, this.#done);
  }
}
