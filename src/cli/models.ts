import { AudioTokenizer } from "../index.ts";
import type { EncodeOptions } from "../index.ts";
import { UsageError } from "./failures.ts";

/** The checkpoint that comes with the package. */
export const defaultModel = "tiny";

/** Tokenizers by the name they were asked for, each loaded once. Disposing frees them all. */
export class Models implements AsyncDisposable {
  readonly #threads: number;
  readonly #signal: AbortSignal;
  readonly #loaded = new Map<string, Promise<AudioTokenizer>>();

  constructor(threads: number, signal: AbortSignal) {
    this.#threads = threads;
    this.#signal = signal;
  }

  load(model: string): Promise<AudioTokenizer> {
    const tokenizer = this.#loaded.get(model) ?? AudioTokenizer.fromPretrained(model, { threads: this.#threads, signal: this.#signal });
    this.#loaded.set(model, tokenizer);
    return tokenizer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const loaded = await Promise.allSettled(this.#loaded.values());
    await Promise.all(loaded.map((outcome) => (outcome.status === "fulfilled" ? outcome.value.dispose() : undefined)));
  }
}

/** How many codebooks the command line asks for. */
export interface RateOptions {
  readonly bandwidth?: number;
  readonly codebooks?: number;
}

/**
 * The library's options for a rate, checked against the model before any input is read.
 * @throws UsageError if the model does not have it.
 */
export async function encodeOptionsFor(tokenizer: AudioTokenizer, { bandwidth, codebooks }: RateOptions): Promise<EncodeOptions> {
  const options = {
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(codebooks === undefined ? {} : { numCodebooks: codebooks }),
  };
  try {
    await tokenizer.encodeBatch([], options);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
  return options;
}
