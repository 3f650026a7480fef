import { Worker } from "node:worker_threads";
import { RuntimeError } from "../core/index.ts";
import type { OnnxModel } from "../core/index.ts";
import { forgetGate, openGate } from "./exit-gate.ts";
import type { Answer, Request } from "./onnx-worker-messages.ts";
import type { Runtime, Session, Tensor } from "./session.ts";

/** A request without the number that it gets when it is sent. */
type Order = Request extends infer R ? (R extends Request ? Omit<R, "id"> : never) : never;

/** A call that the thread has not answered yet. */
interface Waiting {
  /** For errors, such as "run a part of the model". */
  readonly what: string;
  readonly answered: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: RuntimeError) => void;
}

/** A runtime with threads of its own. */
export interface ThreadedRuntime extends Runtime {
  /** Waits for what was asked of the threads, then ends them and frees what they hold. Later calls fail. */
  close(): Promise<void>;
}

/**
 * ONNX Runtime's CPU provider through its Node binding, in worker threads: the binding computes on the thread that calls it,
 * which would stand still meanwhile. Inputs and outputs are copied between the threads.
 *
 * A session for parallel runs exists once on each of as many worker threads, and computes each run on one CPU thread; any
 * other is on the first worker thread. The threads keep the process alive only while they have work.
 * @throws RuntimeError if the binding cannot be loaded; sessions throw it if they cannot be created or run.
 */
export async function loadOnnxRuntimeNode(): Promise<ThreadedRuntime> {
  const threads = [new OnnxThread()];
  const close = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.close()));
  };
  try {
    return {
      name: await threads[0]!.name,
      createSession: async (model, { threads: cpuThreads, parallelRuns = 1 }) => {
        if (parallelRuns === 1) return threads[0]!.createSession(model, cpuThreads);
        while (threads.length < parallelRuns) threads.push(new OnnxThread());
        return createSpreadSession(model, threads.slice(0, parallelRuns));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A session on each of several threads, which takes its runs to the one with the least to do. */
async function createSpreadSession(model: OnnxModel, threads: readonly OnnxThread[]): Promise<Session> {
  await Promise.all(threads.map((thread) => thread.name));
  const sessions: { readonly thread: OnnxThread; readonly session: Session }[] = [];
  for (const [index, thread] of threads.entries()) {
    const isLast = index === threads.length - 1;
    // Creating a session uses up the weights that it is given.
    const { graph, weights } = model;
    const own = isLast ? weights : new Map(Array.from(weights, ([name, data]) => [name, data.slice()] as const));
    sessions.push({ thread, session: await thread.createSession({ graph, weights: own }, 1) });
  }
  return {
    run: (inputs, outputs) => {
      const { session } = sessions.reduce((least, each) => (each.thread.numWaiting < least.thread.numWaiting ? each : least));
      return session.run(inputs, outputs);
    },
    release: async () => {
      await Promise.all(sessions.map(({ session }) => session.release()));
    },
  };
}

class OnnxThread {
  /** Name and version of the runtime, once it is loaded. */
  readonly name: Promise<string>;
  readonly #gate = openGate();
  // Written out, so that bundlers find it.
  readonly #worker = new Worker(new URL("./onnx-worker.js", import.meta.url), {
    workerData: this.#gate,
    // The flags of this process may be for its own main script, such as --input-type.
    execArgv: [],
  });
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #end: string | null = null;

  constructor() {
    this.name = this.#expect(0, "be loaded") as Promise<string>;
    this.#worker.on("message", (answer: Answer) => this.#settle(answer));
    this.#worker.on("error", (error) => {
      forgetGate(this.#gate);
      this.#failAll(`its thread failed: ${error.message}`);
    });
    this.#worker.on("exit", () => {
      this.#failAll("its thread has ended");
      forgetGate(this.#gate);
    });
  }

  /** Calls that the thread has not answered yet. */
  get numWaiting(): number {
    return this.#waiting.size;
  }

  /** The model's weights are moved to the thread: they are half of the memory that loading takes. */
  async createSession({ graph, weights }: OnnxModel, threads: number): Promise<Session> {
    const buffers = new Set(Array.from(weights.values(), ({ buffer }) => buffer as ArrayBuffer));
    const session = (await this.#ask("load a part of the model", { kind: "create", graph, weights, threads }, [...buffers])) as number;
    return {
      run: <Name extends string>(inputs: Readonly<Record<string, Tensor>>, outputs: readonly Name[]) => this.#run(session, inputs, outputs),
      release: async () => {
        if (this.#end === null) await this.#ask("release a part of the model", { kind: "release", session });
      },
    };
  }

  async close(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.allSettled(Array.from(this.#waiting.values(), ({ answered }) => answered));
    forgetGate(this.#gate);
    await this.#worker.terminate();
  }

  async #run<Name extends string>(session: number, inputs: Readonly<Record<string, Tensor>>, outputs: readonly Name[]): Promise<Record<Name, Tensor>> {
    // Copies: callers keep their arrays, and a view would take along all that it is a view of.
    const copies = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() } as Tensor]));
    const buffers = Object.values(copies).map(({ data }) => data.buffer as ArrayBuffer);
    return (await this.#ask("run a part of the model", { kind: "run", session, inputs: copies, outputs }, buffers)) as Record<Name, Tensor>;
  }

  #ask(what: string, order: Order, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    const id = ++this.#lastId;
    const answered = this.#expect(id, what);
    if (this.#end === null) this.#post({ ...order, id } as Request, transfer);
    else this.#failAll(this.#end);
    return answered;
  }

  /** Sends a request; one that cannot be copied to the thread is answered at once, as nothing else would answer it. */
  #post(request: Request, transfer: readonly ArrayBuffer[]): void {
    try {
      this.#worker.postMessage(request, transfer);
    } catch (error) {
      this.#settle({ id: request.id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  #expect(id: number, what: string): Promise<unknown> {
    this.#worker.ref();
    let settle!: Pick<Waiting, "resolve" | "reject">;
    const answered = new Promise<unknown>((resolve, reject) => (settle = { resolve, reject }));
    this.#waiting.set(id, { what, answered, ...settle });
    return answered;
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return; // It has failed with the thread.
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ("error" in answer) waiting.reject(failure(answer.id, waiting.what, answer.error));
    else waiting.resolve(answer.value);
  }

  #failAll(reason: string): void {
    this.#end ??= reason;
    for (const [id, { what, reject }] of this.#waiting) reject(failure(id, what, this.#end));
    this.#waiting.clear();
  }
}

function failure(id: number, what: string, reason: string): RuntimeError {
  if (id > 0) return new RuntimeError("RUNTIME_FAILED", `ONNX Runtime could not ${what}: ${reason}; if memory ran out, use shorter clips or fewer at a time`);
  return new RuntimeError(
    "RUNTIME_UNAVAILABLE",
    `onnxruntime-node cannot be loaded on ${process.platform} ${process.arch}: ${reason}; install it again, or give another runtime as the option of that name`,
  );
}
