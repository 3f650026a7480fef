/*
 * The process that runs the models. It answers requests one after the other, and ends when the pipe they come through is closed:
 * when nobody needs it any more, or when whoever started it is gone.
 * Plain JavaScript without other files, so that the same file runs from the sources, from the package and beside a bundle;
 * `npm run check` checks its types.
 */
import { readSync, writevSync } from "node:fs";

/** @import { InferenceSession } from "onnxruntime-node" */
/** @import { Answer, Request } from "./onnx-messages.ts" */
/** @typedef {{ readonly type: "float32" | "int32" | "int64", readonly data: Float32Array | Int32Array | BigInt64Array, readonly dims: readonly number[] }} Tensor */

const [requestPipe, answerPipe] = [3, 4];
const arrayTypes = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array };

// Ctrl-C and its like reach every process of a terminal or service. The one that started this one decides what is still to be done.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

const loading = import("onnxruntime-node");
/** @type {Map<number, InferenceSession>} */
const sessions = new Map();

await answer(0, async () => {
  const { env } = await loading;
  return { head: { name: `onnxruntime-node ${env.versions.node ?? env.versions.common}` } };
});
for (;;) {
  const { head, arrays } = receive();
  await answer(head.id, () => serve(head, arrays));
}

/**
 * @param {Request} request
 * @param {readonly ArrayBuffer[]} arrays
 * @returns {Promise<{ readonly head?: Omit<Answer, "id">, readonly arrays?: readonly NodeJS.ArrayBufferView[] }>}
 */
async function serve(request, arrays) {
  const ort = await loading;
  if (request.kind === "create") {
    const [graph, ...weights] = arrays.map((array) => new Uint8Array(array));
    const errorsOnly = 3;
    const session = await ort.InferenceSession.create(/** @type {Uint8Array} */ (graph), {
      executionProviders: ["cpu"],
      intraOpNumThreads: request.threads,
      interOpNumThreads: 1,
      logSeverityLevel: errorsOnly,
      // ONNX Runtime would keep what it learned of the memory for every length of input that ever came.
      enableMemPattern: false,
      // Between its runs a session's threads would go on spinning for a while, in the way of the other sessions.
      extra: { session: { force_spinning_stop: "1" } },
      externalData: weights.map((data, index) => ({ path: /** @type {string} */ (request.paths[index]), data })),
    });
    sessions.set(request.id, session);
    return {};
  }
  const session = /** @type {InferenceSession} */ (sessions.get(request.session));
  if (request.kind === "release") {
    sessions.delete(request.session);
    await session.release();
    return {};
  }
  const feeds = Object.fromEntries(
    request.inputs.map(({ name, type, dims }, index) => [
      name,
      new ort.Tensor(type, new arrayTypes[type](/** @type {ArrayBuffer} */ (arrays[index])), dims),
    ]),
  );
  const results = await session.run(feeds, request.outputs);
  const tensors = request.outputs.map((name) => /** @type {Tensor} */ (results[name]));
  const outputs = tensors.map(({ type, dims }, index) => ({ name: /** @type {string} */ (request.outputs[index]), type, dims }));
  return { head: { outputs }, arrays: tensors.map(({ data }) => data) };
}

/**
 * @param {number} id
 * @param {() => ReturnType<typeof serve>} work
 */
async function answer(id, work) {
  try {
    const { head, arrays = [] } = await work();
    send({ id, ...head }, arrays);
  } catch (error) {
    send({ id, error: error instanceof Error ? error.message : String(error) }, []);
  }
}

/** @returns {{ readonly head: Request, readonly arrays: ArrayBuffer[] }} */
function receive() {
  const size = new DataView(read(4)).getUint32(0, true);
  const { lengths, ...head } = JSON.parse(new TextDecoder().decode(read(size)));
  return { head, arrays: lengths.map((/** @type {number} */ length) => read(length)) };
}

/**
 * @param {Answer} head
 * @param {readonly NodeJS.ArrayBufferView[]} arrays
 */
function send(head, arrays) {
  const json = new TextEncoder().encode(JSON.stringify({ ...head, lengths: arrays.map(({ byteLength }) => byteLength) }));
  const size = new DataView(new ArrayBuffer(4));
  size.setUint32(0, json.length, true);
  // At once, as far as the pipe takes it: each write would wake the other process up.
  const parts = [size, json, ...arrays].map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  while (parts.length > 0) {
    let count = throughPipe(() => writevSync(answerPipe, parts));
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      if (count < part.length) {
        parts.unshift(part.subarray(count));
        break;
      }
      count -= part.length;
    }
  }
}

/** Waits for so many bytes. @param {number} length */
function read(length) {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const count = throughPipe(() => readSync(requestPipe, bytes, filled, length - filled, null));
    if (count === 0) process.exit();
    filled += count;
  }
  return bytes.buffer;
}

/** A pipe whose other end is gone ends the process. @param {() => number} transfer */
function throughPipe(transfer) {
  try {
    return transfer();
  } catch {
    return process.exit();
  }
}
