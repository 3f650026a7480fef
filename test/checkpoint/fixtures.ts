import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bytesSource } from "../../src/core/byte-source.ts";
import { formatSafetensors, openSafetensors } from "../../src/checkpoint/index.ts";
import type { CheckpointFolder, TensorData } from "../../src/checkpoint/index.ts";

/** Path of a file or folder among the golden fixtures. */
export function goldenPath(name: string): string {
  return fileURLToPath(new URL(`../fixtures/golden/${name}`, import.meta.url));
}

/** Contents of a golden fixture. */
export function goldenBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(goldenPath(name)));
}

/** Contents of a golden `config.json`, to be changed by a test. */
export function goldenConfig(codec: string): Record<string, unknown> {
  return JSON.parse(readFileSync(goldenPath(`${codec}/hf/config.json`), "utf8")) as Record<string, unknown>;
}

/** Every tensor of a golden `model.safetensors`, by its stored name. */
export async function goldenTensors(codec: string): Promise<Map<string, TensorData>> {
  const file = await openSafetensors(bytesSource(goldenBytes(`${codec}/hf/model.safetensors`), "golden"));
  const tensors = new Map<string, TensorData>();
  for (const [name, { dtype, shape }] of file.tensors) {
    tensors.set(name, { dtype, shape, bytes: await file.readBytes(name) });
  }
  return tensors;
}

/** The same tensors under other names. */
export function renamed<Value>(tensors: ReadonlyMap<string, Value>, rename: (name: string) => string): Map<string, Value> {
  return new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]));
}

/** A folder in memory; values that are not bytes become JSON. */
export function folderOf(files: Readonly<Record<string, unknown>>, name = "folder"): CheckpointFolder & { isClosed: boolean } {
  return {
    kind: "folder",
    name,
    isClosed: false,
    async list() {
      return Object.keys(files).toSorted();
    },
    async open(file) {
      const content = Object.hasOwn(files, file) ? files[file] : undefined;
      if (content === undefined) return undefined;
      return bytesSource(content instanceof Uint8Array ? content : new TextEncoder().encode(JSON.stringify(content)), `${name}/${file}`);
    },
    async close() {
      this.isClosed = true;
    },
  };
}

/** A tensor of float32 values. */
export function f32(shape: readonly number[], values: readonly number[]): TensorData {
  return { dtype: "F32", shape, bytes: new Uint8Array(new Float32Array(values).buffer) };
}

/** A safetensors file of the given tensors, in whatever order. */
export function safetensorsOf(tensors: Readonly<Record<string, TensorData>>): Uint8Array {
  return formatSafetensors(new Map(Object.entries(tensors)));
}

/** A safetensors file with a header written by hand, sound or not. */
export function safetensorsWithHeader(header: string, data: Uint8Array = new Uint8Array()): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}
