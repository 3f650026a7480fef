/** One step of a stream, ready to be computed together with those of others. */
export interface StreamStep<State, Piece, Result, Output> {
  /** What goes through the network. */
  readonly pieces: readonly Piece[];
  /** Turns what the network gave for the pieces into what is settled now, or null, and the state after the step. */
  readonly finish: (results: readonly Result[]) => { readonly output: Output | null; readonly state: State };
}

/** A step that a stream is to take from where it stands. */
export interface StreamMove<Runner, State, Piece, Result, Output> {
  readonly position: StreamPosition<Runner, State>;
  /** @throws if the input cannot follow what came before. */
  readonly stepFrom: (state: State) => StreamStep<State, Piece, Result, Output>;
}

interface Ending {
  readonly hasEnded: boolean;
}

/** Where a stream stands. It takes one step at a time, and a step that fails leaves it where it was. */
export class StreamPosition<Runner, State> {
  readonly #runner: Runner;
  #state: State;
  #isMoving = false;

  /** @param runner What computes its steps; streams of one runner can take theirs together. */
  constructor(runner: Runner, state: State) {
    this.#runner = runner;
    this.#state = state;
  }

  get state(): State {
    return this.#state;
  }

  /** @throws RangeError while a step goes on. */
  goTo(state: State): void {
    this.#checkResting();
    this.#state = state;
  }

  /**
   * Takes one step of each stream, computed together: either all of them are taken or none.
   * @throws RangeError if a stream is given twice, has ended or is at work, or if streams have different runners.
   */
  static async advance<Runner, State extends Ending, Piece, Result, Output>(
    moves: readonly StreamMove<Runner, State, Piece, Result, Output>[],
    compute: (runner: Runner, pieces: readonly Piece[]) => Promise<readonly Result[]>,
  ): Promise<(Output | null)[]> {
    if (moves.length === 0) return [];
    const runner = moves[0]!.position.#runner;
    const positions = moves.map(({ position }) => position);
    if (new Set(positions).size < positions.length) throw new RangeError("a stream takes one step at a time; one is given twice");
    for (const position of positions) {
      if (position.#runner !== runner) throw new RangeError("the streams are of different tokenizers; step those of each together");
      position.#checkResting();
      if (position.#state.hasEnded) throw new RangeError("the stream has ended with flush(); reset() it, or create another");
    }
    const steps = moves.map(({ position, stepFrom }) => stepFrom(position.#state));
    for (const position of positions) position.#isMoving = true;
    try {
      const results = await compute(
        runner,
        steps.flatMap(({ pieces }) => pieces),
      );
      let next = 0;
      const finished = steps.map(({ pieces, finish }) => finish(results.slice(next, (next += pieces.length))));
      for (const [index, { state }] of finished.entries()) positions[index]!.#state = state;
      return finished.map(({ output }) => output);
    } finally {
      for (const position of positions) position.#isMoving = false;
    }
  }

  #checkResting(): void {
    if (this.#isMoving) throw new RangeError("the stream is at work on a step; await that first");
  }
}

/** Whether these are entries of a batch of steps, each with a stream of this kind. */
export function isBatchOf(
  kind: { [Symbol.hasInstance](value: unknown): boolean },
  entries: readonly { readonly stream: unknown }[],
): boolean {
  return Array.isArray(entries) && entries.every((entry) => entry?.stream instanceof kind);
}
