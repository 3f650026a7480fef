/*
 * The thread that runs the models. It answers requests one after the other, in the order in which they come.
 * Plain JavaScript, so that the same file runs from the sources and from the package; `npm run check` checks its types.
 */
import { parentPort, workerData } from "node:worker_threads";

/** @import { InferenceSession } from "onnxruntime-node" */
/** @import { Answer, Request } from "./onnx-worker-messages.ts" */

const port = /** @type {NonNullable<typeof parentPort>} */ (parentPort);
/** See exit-gate.ts, whose states these are. @type {import("./exit-gate.ts").Gate} */
const gate = workerData;
const [idle, busy, closed] = [0, 1, 2];
const loading = import("onnxruntime-node");
/** @type {Map<number, InferenceSession>} */
const sessions = new Map();

let last = answer(0, async () => {
  const { env } = await loading;
  return `onnxruntime-node ${env.versions.node ?? env.versions.common}`;
});
port.on("message", (/** @type {Request} */ request) => {
  last = last.then(() => answer(request.id, () => serve(request)));
});

/** @param {Request} request */
async function serve(request) {
  const ort = await loading;
  if (request.kind === "create") {
    const errorsOnly = 3;
    const session = await ort.InferenceSession.create(request.graph, {
      executionProviders: ["cpu"],
      intraOpNumThreads: request.threads,
      interOpNumThreads: 1,
      logSeverityLevel: errorsOnly,
      // Between its runs a session's threads would go on spinning for a while, in the way of the other sessions.
      extra: { session: { force_spinning_stop: "1" } },
      externalData: Array.from(request.weights, ([path, data]) => ({ path, data })),
    });
    sessions.set(request.id, session);
    return request.id;
  }
  const session = /** @type {InferenceSession} */ (sessions.get(request.session));
  if (request.kind === "release") {
    sessions.delete(request.session);
    return session.release();
  }
  const feeds = Object.fromEntries(Object.entries(request.inputs).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, dims)]));
  const results = await session.run(feeds, request.outputs);
  return Object.fromEntries(request.outputs.map((name) => [name, pick(results[name])]));
}

/** What of a tensor can be sent. @param {import("onnxruntime-node").Tensor | undefined} tensor */
function pick(tensor) {
  return tensor && { type: tensor.type, data: tensor.data, dims: tensor.dims };
}

/**
 * @param {number} id
 * @param {() => Promise<unknown>} work
 */
async function answer(id, work) {
  if (Atomics.compareExchange(gate, 0, idle, busy) === closed) return new Promise(() => {});
  /** @type {Answer} */
  let message;
  try {
    message = { id, value: await work() };
  } catch (error) {
    message = { id, error: error instanceof Error ? error.message : String(error) };
  }
  port.postMessage(message);
  Atomics.store(gate, 0, idle);
  Atomics.notify(gate, 0);
}
