import { setMaxListeners } from "node:events";
import { availableParallelism } from "node:os";
import type { Checkpoint } from "../../checkpoint/index.ts";
import { DisposedError } from "../../core/index.ts";
import type { OnnxModel } from "../../core/index.ts";
import { buildAnalysis, buildDequantization, buildLstm, buildQuantization, buildSynthesis } from "../../graph/index.ts";
import type { Network } from "../../graph/index.ts";
import type { Runtime, Session, SessionOptions, Tensor } from "../../runtime/index.ts";

/** Parallel runs where nobody said how many threads there should be. */
const mostRunsUnasked = 4;

/** The models that a codec consists of; the LSTMs only where the network has them. */
export type CodecPart = "analysis" | "encoderLstm" | "quantization" | "dequantization" | "decoderLstm" | "synthesis";

/**
 * What a part does with several CPU threads: runs side by side, one on each, or one run divided among all of them. Side by side costs least,
 * where there are runs enough. Only the LSTMs may be divided: their rows round the same for any number of threads. Convolutions do
 * not always, in short runs, and what comes out must depend on neither.
 */
export type Threading = "sideBySide" | "divided";

/** What the sessions are made of and with. */
export interface CodecModel {
  readonly checkpoint: Checkpoint;
  readonly network: Network;
  readonly runtime: Runtime;
  /** CPU threads that the codec may use; 0 lets the runtime choose. */
  readonly threads: number;
  /** Ends a runtime that is the codec's own. */
  readonly close?: (() => Promise<void> | undefined) | undefined;
}

/** Frees what tokenizers hold that nobody has disposed and nobody can reach any more. */
const abandoned = new FinalizationRegistry<CodecModel>((model) => void free(model).catch(() => {})); // there is nobody to tell

/**
 * The codec's sessions, each built when it is first needed: who only encodes never loads the decoder.
 * Parts are built one after the other, so that at most one holds its weights twice.
 */
export class CodecSessions {
  readonly #model: CodecModel;
  readonly #sessions = new Map<string, Promise<Session>>();
  readonly #running = new Set<Promise<unknown>>();
  #building: Promise<unknown> = Promise.resolve();
  readonly #disposing = new AbortController();
  #disposal: Promise<void> | undefined;

  constructor(model: CodecModel) {
    this.#model = model;
    abandoned.register(this, model, this);
    setMaxListeners(0, this.#disposing.signal); // one for each stream that waits
  }

  /**
   * Runs of a convolutional part that may be under way at the same time. Threads are best spent on a
   * run each: ONNX Runtime divides a convolution among threads by output channels, 64 at a time, so that together they
   * would be idle where the signal is long and narrow. Each has the weights of these parts once more.
   */
  get parallelRuns(): number {
    const { threads } = this.#model;
    return threads === 0 ? Math.min(availableParallelism(), mostRunsUnasked) : threads;
  }

  /** Runs one part, and builds it before if need be. */
  async run<Name extends string>(
    part: CodecPart,
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly Name[],
    threading: Threading = "sideBySide",
  ): Promise<Record<Name, Tensor>> {
    const session = await this.#session(part, threading);
    this.checkAlive();
    const run = session.run(inputs, outputs);
    this.#running.add(run);
    try {
      return await run;
    } finally {
      this.#running.delete(run);
    }
  }

  /** Aborted by `dispose`, with a DisposedError. */
  get signal(): AbortSignal {
    return this.#disposing.signal;
  }

  /** Waits for what runs, then frees all sessions and closes the checkpoint. Calling it again changes nothing. */
  dispose(): Promise<void> {
    if (this.#disposal === undefined) {
      this.#disposal = this.#release();
      this.#disposing.abort(new DisposedError("the tokenizer"));
    }
    return this.#disposal;
  }

  async #release(): Promise<void> {
    await Promise.allSettled([...this.#running, this.#building]);
    const built = await Promise.allSettled(this.#sessions.values());
    const released = await Promise.allSettled(built.map(async (session) => session.status === "fulfilled" && session.value.release()));
    this.#sessions.clear();
    abandoned.unregister(this);
    await free(this.#model);
    // One that cannot be released must not keep the others and the files.
    const failed = released.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  #session(part: CodecPart, threading: Threading): Promise<Session> {
    this.checkAlive();
    const { threads } = this.#model;
    const options = this.parallelRuns > 1 && threading === "divided" ? { threads } : { threads, parallelRuns: this.parallelRuns };
    const key = JSON.stringify([part, options]);
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = this.#building.then(() => this.#create(part, options));
      this.#building = session.catch(() => this.#sessions.delete(key));
      this.#sessions.set(key, session);
    }
    return session;
  }

  async #create(part: CodecPart, options: SessionOptions): Promise<Session> {
    this.checkAlive();
    return this.#model.runtime.createSession(await this.#build(part), options);
  }

  #build(part: CodecPart): Promise<OnnxModel> {
    const { checkpoint, network } = this.#model;
    switch (part) {
      case "analysis":
        return buildAnalysis(checkpoint, network);
      case "encoderLstm":
        return buildLstm(checkpoint, network.encoder.lstm!);
      case "quantization":
        return buildQuantization(checkpoint, network);
      case "dequantization":
        return buildDequantization(checkpoint, network);
      case "decoderLstm":
        return buildLstm(checkpoint, network.decoder.lstm!);
      case "synthesis":
        return buildSynthesis(checkpoint, network);
    }
  }

  /** @throws DisposedError after `dispose()`. */
  checkAlive(): void {
    if (this.#disposal !== undefined) throw new DisposedError("the tokenizer");
  }
}

async function free({ checkpoint, close }: CodecModel): Promise<void> {
  await close?.();
  await checkpoint.close();
}
