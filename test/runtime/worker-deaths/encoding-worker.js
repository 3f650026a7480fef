/* A worker thread as a user writes one: it loads a tokenizer, starts to encode what takes long, and may fail meanwhile. */
import { parentPort, workerData } from "node:worker_threads";

/** @typedef {{ readonly index: string, readonly fails?: boolean }} Work `index` is the address of the package's main file. */

/** A task of a pool. @param {Work} work */
export default async function encode({ index, fails = false }) {
  const { AudioTokenizer } = /** @type {typeof import("../../../src/index.ts")} */ (await import(index));
  const tokenizer = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
  const clip = { sampleRate: 24_000, channelData: [new Float32Array(24_000 * 300)] };
  let hasBegun = false;
  await tokenizer.encode(clip, {
    onProgress() {
      if (hasBegun) return;
      hasBegun = true;
      parentPort?.postMessage("encoding", []);
      if (fails) setImmediate(() => fail());
    },
  });
}

function fail() {
  throw new Error("a bug of the user's own");
}

// A pool calls the function itself.
if (workerData?.index !== undefined) await encode(workerData);
