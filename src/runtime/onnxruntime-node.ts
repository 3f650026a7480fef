import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { OnnxModel } from "../core/index.ts";
import type { Runtime, Session, Tensor } from "./session.ts";

type OrtModule = typeof import("onnxruntime-node");

/** ONNX Runtime's CPU provider through its Node binding, which is loaded on first use. */
export async function loadOnnxRuntimeNode(): Promise<Runtime> {
  const ort = await import("onnxruntime-node");
  return {
    name: `onnxruntime-node ${ort.env.versions.node ?? ort.env.versions.common}`,
    createSession: (model, options) => createSession(ort, model, options.threads),
  };
}

async function createSession(ort: OrtModule, model: OnnxModel, threads: number): Promise<Session> {
  const errorsOnly = 3;
  const session = await ort.InferenceSession.create(model.graph, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: errorsOnly,
    externalData: Array.from(model.weights, ([path, data]) => ({ path, data })),
  });
  return {
    async run<Name extends string>(inputs: Readonly<Record<string, Tensor>>, outputs: readonly Name[]) {
      const feeds: Record<string, OrtTensor> = {};
      for (const [name, tensor] of Object.entries(inputs)) feeds[name] = new ort.Tensor(tensor.type, tensor.data, tensor.dims);
      return take(await session.run(feeds, outputs), outputs);
    },
    release: () => session.release(),
  };
}

function take<Name extends string>(results: InferenceSession.ReturnType, outputs: readonly Name[]): Record<Name, Tensor> {
  return Object.fromEntries(outputs.map((name) => [name, results[name] as unknown as Tensor])) as Record<Name, Tensor>;
}
