import { RuntimeError } from "../core/index.ts";
import type { OnnxModel } from "../core/index.ts";
import { receiveAnswers, sendRequest } from "./message-pipes.ts";
import type { Answer, Request } from "./onnx-messages.ts";
import { startRuntimeProcess } from "./runtime-process.ts";
import type { RuntimePipes } from "./runtime-process.ts";
import type { Runtime, Session, Tensor } from "./session.ts";

/** A request without the number that it gets when it is sent. */
type Order = Request extends infer R ? (R extends Request ? Omit<R, "id"> : never) : never;

/** An answer that is not an error, and the arrays that came with it. */
type Outcome = Exclude<Answer, { readonly error: string }> & { readonly arrays: readonly ArrayBuffer[] };

/** A call that the process has not answered yet. */
interface Waiting {
  /** What was asked for, as errors say it, such as "run a part of the model". */
  readonly what: string;
  readonly answered: Promise<Outcome>;
  readonly resolve: (value: Outcome) => void;
  readonly reject: (reason: RuntimeError) => void;
}

/** A runtime with processes of its own. */
export interface ProcessRuntime extends Runtime {
  /** Waits for what was asked of the processes, then ends them, which frees what they hold. Later calls fail. */
  close(): Promise<void>;
}

/**
 * ONNX Runtime's CPU provider through its Node binding, in processes of its own, as the binding is no good guest in this one: it computes on
 * the thread that calls it, which stands still meanwhile; it aborts the process if that thread is ended meanwhile; and it
 * takes from the process's environment whether to report to its makers. Inputs and outputs are copied between the processes.
 *
 * A session for parallel runs exists once in each of as many processes, and computes each run on one CPU thread; any
 * other is in the first process. They keep this process alive only while they have work, and end with it.
 * @throws RuntimeError if the binding cannot be loaded; sessions throw it if they cannot be created or run.
 */
export async function loadOnnxRuntimeNode(): Promise<ProcessRuntime> {
  const processes = [OnnxProcess.start()];
  const { name } = await processes[0]!;
  return {
    name: await name,
    createSession: async (model, { threads, parallelRuns = 1 }) => {
      if (parallelRuns === 1) return (await processes[0]!).createSession(model, threads);
      while (processes.length < parallelRuns) processes.push(OnnxProcess.start());
      return createSpreadSession(model, await Promise.all(processes.slice(0, parallelRuns)));
    },
    close: async () => {
      await Promise.all(processes.map(async (each) => (await each.catch(() => null))?.close()));
    },
  };
}

/** A session in each of several processes, which takes its runs to the one with the least to do. */
async function createSpreadSession(model: OnnxModel, processes: readonly OnnxProcess[]): Promise<Session> {
  const sessions: { readonly process: OnnxProcess; readonly session: Session }[] = [];
  // One after the other, so that only one at a time has the weights twice.
  for (const process of processes) sessions.push({ process, session: await process.createSession(model, 1) });
  return {
    run: (inputs, outputs) => {
      const { session } = sessions.reduce((least, each) => (each.process.numWaiting < least.process.numWaiting ? each : least));
      return session.run(inputs, outputs);
    },
    release: async () => {
      await Promise.all(sessions.map(({ session }) => session.release()));
    },
  };
}

const arrayTypes = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array } as const;

class OnnxProcess {
  /** Name and version of the runtime, once it is loaded. */
  readonly name: Promise<string>;
  readonly #pipes: RuntimePipes;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #end: string | null = null;

  private constructor(pipes: RuntimePipes) {
    this.#pipes = pipes;
    this.name = this.#expect(0, "be loaded").then((answer) => answer.name!);
    this.#ended = this.#receive();
  }

  /** Starts a process, and waits until ONNX Runtime is loaded there. */
  static async start(): Promise<OnnxProcess> {
    let pipes: RuntimePipes;
    try {
      pipes = await startRuntimeProcess();
    } catch (error) {
      throw error instanceof RuntimeError ? error : notStarted(error);
    }
    const process = new OnnxProcess(pipes);
    try {
      await Promise.all([process.name, pipes.launched]);
      return process;
    } catch (error) {
      await process.close();
      throw error;
    }
  }

  /** Calls that the process has not answered yet. */
  get numWaiting(): number {
    return this.#waiting.size;
  }

  async createSession({ graph, weights }: OnnxModel, threads: number): Promise<Session> {
    const order = { kind: "create", paths: [...weights.keys()], threads } as const;
    const { id: session } = await this.#ask("load a part of the model", order, [graph, ...weights.values()]);
    return {
      run: <Name extends string>(inputs: Readonly<Record<string, Tensor>>, outputs: readonly Name[]) => this.#run(session, inputs, outputs),
      release: async () => {
        if (this.#end === null) await this.#ask("release a part of the model", { kind: "release", session });
      },
    };
  }

  async close(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.allSettled(Array.from(this.#waiting.values(), ({ answered }) => answered));
    this.#pipes.answers.ref();
    this.#pipes.requests.end();
    await this.#ended;
  }

  async #run<Name extends string>(
    session: number,
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly Name[],
  ): Promise<Record<Name, Tensor>> {
    const tensors = Object.entries(inputs);
    const heads = tensors.map(([name, { type, dims }]) => ({ name, type, dims }));
    const order = { kind: "run", session, inputs: heads, outputs } as const;
    const results = await this.#ask(
      "run a part of the model",
      order,
      tensors.map(([, { data }]) => data),
    );
    return Object.fromEntries(
      results.outputs!.map(({ name, type, dims }, index) => [name, { type, data: new arrayTypes[type](results.arrays[index]!), dims }]),
    ) as Record<Name, Tensor>;
  }

  #ask(what: string, order: Order, arrays: readonly ArrayBufferView[] = []): Promise<Outcome> {
    const id = ++this.#lastId;
    const answered = this.#expect(id, what);
    if (this.#end === null) this.#send({ ...order, id } as Request, arrays);
    else this.#failAll(this.#end);
    return answered;
  }

  /** Sends a request; one that cannot be sent is answered at once, as nothing else would answer it. */
  #send(request: Request, arrays: readonly ArrayBufferView[]): void {
    try {
      sendRequest(this.#pipes.requests, request, arrays);
    } catch (error) {
      this.#settle({ id: request.id, error: messageOf(error) }, []);
    }
  }

  #expect(id: number, what: string): Promise<Outcome> {
    this.#pipes.answers.ref();
    let settle!: Pick<Waiting, "resolve" | "reject">;
    const answered = new Promise<Outcome>((resolve, reject) => (settle = { resolve, reject }));
    this.#waiting.set(id, { what, answered, ...settle });
    return answered;
  }

  /** Takes answers until there will be no more. */
  async #receive(): Promise<void> {
    try {
      for await (const { answer, arrays } of receiveAnswers(this.#pipes.answers)) this.#settle(answer, arrays);
      this.#failAll("its process has ended");
    } catch (error) {
      this.#failAll(`its process cannot be reached: ${messageOf(error)}`);
    }
  }

  #settle(answer: Answer, arrays: readonly ArrayBuffer[]): void {
    const { what, resolve, reject } = this.#waiting.get(answer.id)!;
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#pipes.answers.unref();
    if ("error" in answer) reject(failure(answer.id, what, answer.error));
    else resolve({ ...answer, arrays });
  }

  #failAll(reason: string): void {
    this.#end ??= reason;
    for (const [id, { what, reject }] of this.#waiting) reject(failure(id, what, this.#end));
    this.#waiting.clear();
  }
}

function notStarted(error: unknown): RuntimeError {
  const isLimit = ["EMFILE", "ENFILE", "EAGAIN", "ENOMEM"].includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
  const advice = isLimit
    ? "raise the limits on open files and processes (`ulimit -n`, `ulimit -u`) or free memory"
    : "allow it (Node: --allow-child-process, Deno: --allow-run)";
  return new RuntimeError(
    "RUNTIME_UNAVAILABLE",
    `ONNX Runtime needs a process of its own, which cannot be started: ${messageOf(error)}; ${advice}, or give another runtime as the option of that name`,
  );
}

function failure(id: number, what: string, reason: string): RuntimeError {
  if (id > 0)
    return new RuntimeError(
      "RUNTIME_FAILED",
      `ONNX Runtime could not ${what}: ${reason}; if memory ran out, use shorter clips or fewer at a time`,
    );
  return new RuntimeError(
    "RUNTIME_UNAVAILABLE",
    `onnxruntime-node cannot be loaded on ${process.platform} ${process.arch}: ${reason}; install it again, or give another runtime as the option of that name`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
