import { nextTurn } from "../../core/index.ts";

/** What is done before timers, signals and other events get their turn, in bytes read and samples made: 5 ms of work or so. */
export const workPerTurn: number = 2 ** 17;

/**
 * Keeps long work from holding the event loop: counts what is done, gives everything else its turn now and then, and
 * hears an abort there. Bytes decide how long decoding takes, so it must not be they who decide when others have their turn.
 */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  #work = 0;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Waits for others if much was done since they had their turn.
   * @param work Done since the last call, or about to be done: bytes, or samples of all channels together.
   * @throws The signal's reason once it is aborted.
   */
  async spend(work: number): Promise<void> {
    this.#work += work;
    if (this.#work >= workPerTurn) {
      this.#work = 0;
      await nextTurn();
    }
    this.#signal?.throwIfAborted();
  }
}
