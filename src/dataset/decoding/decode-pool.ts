import { setMaxListeners } from "node:events";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { Budget } from "../../async/index.ts";
import { outOfBundle } from "../../core/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { decodeRowUrl } from "./decode-row.ts";
import type { DecodedRow, DecodeRowTask } from "./decode-row.ts";
import { failureOf } from "./row-failure.ts";

/** Threads that decode rows. */
export class DecodePool implements AsyncDisposable {
  readonly #pool: Piscina<DecodeRowTask, DecodedRow>;
  /** A row is given to the pool when a thread is free for it: one that waits in the pool's queue would stay there if the last thread dies. */
  readonly #threads: Budget;
  /** Aborted with the reason when a thread cannot start. */
  readonly #broken = new AbortController();

  /** @param numThreads At most; they start when they are needed. */
  constructor(numThreads: number) {
    this.#threads = new Budget(numThreads);
    setMaxListeners(0, this.#broken.signal); // one for each row at work
    this.#pool = new Piscina({
      filename: pathOfThreads(),
      minThreads: 0,
      maxThreads: numThreads,
      idleTimeout: 30_000,
      // The flags of this process may be for its own main script, such as --input-type.
      execArgv: [],
    });
    // Of a thread that dies without a task, which is one that has not come to its first.
    this.#pool.on("error", (cause: Error) => this.#broken.abort(notStarted(cause)));
  }

  /**
   * Decodes a row. A thread that dies of it is a failure of the row.
   * @throws DatasetError DATASET_THREADS
   */
  async decode(task: DecodeRowTask): Promise<DecodedRow> {
    const { signal } = this.#broken;
    using _ = await this.#threads.take(1);
    try {
      signal.throwIfAborted();
      return await this.#pool.run(task, { signal });
    } catch (error) {
      signal.throwIfAborted();
      return { kind: "failed", failure: failureOf(error) };
    }
  }

  /** Ends the threads at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }
}

/** What the threads run. @throws DatasetError DATASET_THREADS where this code is in a bundle. */
function pathOfThreads(): string {
  if (decodeRowUrl !== undefined) return fileURLToPath(decodeRowUrl);
  throw new DatasetError(
    "DATASET_THREADS",
    `threads that decode audio run a file that has to be beside the other ones of this package, and ${outOfBundle}`,
  );
}

function notStarted(cause: Error): DatasetError {
  const remedy = "leave encodec-tokenizer out of bundles, or ask for fewer workers where the system limits threads or memory";
  return new DatasetError("DATASET_THREADS", `a thread that decodes audio could not start: ${cause.message}; ${remedy}`, { cause });
}
