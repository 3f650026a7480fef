import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { decodeRowUrl } from "./decode-row.ts";
import type { DecodedRow, DecodeRowTask } from "./decode-row.ts";
import { failureOf } from "./row-failure.ts";

/** Threads that decode rows. */
export class DecodePool implements AsyncDisposable {
  readonly #pool: Piscina<DecodeRowTask, DecodedRow>;

  /** @param numThreads At most; they start when they are needed. */
  constructor(numThreads: number) {
    this.#pool = new Piscina({
      filename: fileURLToPath(decodeRowUrl),
      minThreads: 0,
      maxThreads: numThreads,
      idleTimeout: 30_000,
      // The flags of this process may be for its own main script, such as --input-type.
      execArgv: [],
    });
    // Of a thread that dies without a task: the next task starts another, or fails with the same.
    this.#pool.on("error", () => {});
  }

  /** Decodes a row. A thread that dies of it is a failure of the row. */
  async decode(task: DecodeRowTask): Promise<DecodedRow> {
    try {
      return await this.#pool.run(task);
    } catch (error) {
      return { kind: "failed", failure: failureOf(error) };
    }
  }

  /** Ends the threads at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }
}
