import type { Readable, Writable } from "node:stream";
import type { Answer, Request } from "./onnx-messages.ts";

/** Sends a request. The arrays must not be written to before it is answered. */
export function sendRequest(pipe: Writable, request: Request, arrays: readonly ArrayBufferView[]): void {
  const json = Buffer.from(JSON.stringify({ ...request, lengths: arrays.map(({ byteLength }) => byteLength) }));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(json.length);
  const parts = [size, json, ...arrays].map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  pipe.cork();
  for (const part of parts) pipe.write(part);
  pipe.uncork();
}

/** Answers as they come, until the pipe ends. */
export async function* receiveAnswers(
  pipe: Readable,
): AsyncGenerator<{ readonly answer: Answer; readonly arrays: readonly ArrayBuffer[] }, void> {
  const chunks = pipe[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  let chunk: Uint8Array = new Uint8Array();
  const read = async (length: number): Promise<ArrayBuffer | null> => {
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      if (chunk.length === 0) {
        const next = await chunks.next();
        if (next.done === true) return null;
        chunk = next.value;
      }
      const part = chunk.subarray(0, length - filled);
      bytes.set(part, filled);
      filled += part.length;
      chunk = chunk.subarray(part.length);
    }
    return bytes.buffer;
  };
  for (;;) {
    const size = await read(4);
    const json = size && (await read(new DataView(size).getUint32(0, true)));
    if (json === null) return;
    const { lengths, ...answer } = JSON.parse(new TextDecoder().decode(json)) as Answer & { readonly lengths: readonly number[] };
    const arrays: ArrayBuffer[] = [];
    for (const length of lengths) {
      const array = await read(length);
      if (array === null) return;
      arrays.push(array);
    }
    yield { answer, arrays };
  }
}
