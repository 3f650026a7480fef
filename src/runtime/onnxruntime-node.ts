import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { RuntimeError } from "../core/index.ts";
import type { OnnxModel } from "../core/index.ts";
import type { Runtime, Session, Tensor } from "./session.ts";

type OrtModule = typeof import("onnxruntime-node");

/**
 * ONNX Runtime's CPU provider through its Node binding, which is loaded on first use.
 * @throws RuntimeError if the binding cannot be loaded; sessions throw it if they cannot be created or run.
 */
export async function loadOnnxRuntimeNode(): Promise<Runtime> {
  const ort = await import("onnxruntime-node").catch((cause: unknown) => {
    throw new RuntimeError(
      "RUNTIME_UNAVAILABLE",
      `onnxruntime-node cannot be loaded on ${process.platform} ${process.arch}: ${messageOf(cause)}; ` +
        "install it again, or give another runtime as the option of that name",
      { cause },
    );
  });
  return {
    name: `onnxruntime-node ${ort.env.versions.node ?? ort.env.versions.common}`,
    createSession: (model, options) => createSession(ort, model, options.threads),
  };
}

async function createSession(ort: OrtModule, model: OnnxModel, threads: number): Promise<Session> {
  const errorsOnly = 3;
  const session = await orFail("load a part of the model", ort.InferenceSession.create(model.graph, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: errorsOnly,
    externalData: Array.from(model.weights, ([path, data]) => ({ path, data })),
  }));
  return {
    async run<Name extends string>(inputs: Readonly<Record<string, Tensor>>, outputs: readonly Name[]) {
      const feeds: Record<string, OrtTensor> = {};
      for (const [name, tensor] of Object.entries(inputs)) feeds[name] = new ort.Tensor(tensor.type, tensor.data, tensor.dims);
      return take(await orFail("run a part of the model", session.run(feeds, outputs)), outputs);
    },
    release: () => session.release(),
  };
}

function take<Name extends string>(results: InferenceSession.ReturnType, outputs: readonly Name[]): Record<Name, Tensor> {
  return Object.fromEntries(outputs.map((name) => [name, results[name] as unknown as Tensor])) as Record<Name, Tensor>;
}

async function orFail<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new RuntimeError("RUNTIME_FAILED", `ONNX Runtime could not ${what}: ${messageOf(cause)}; if memory ran out, use shorter clips or fewer at a time`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
