import { checkRange, HubError } from "../core/index.ts";
import type { ByteSource } from "../core/index.ts";
import { connectionError, unexpectedAnswer } from "./answer-errors.ts";
import type { Subject } from "./answer-errors.ts";
import { chunksOf, retrying, send } from "./hub-fetch.ts";
import type { HubSettings } from "./hub-options.ts";
import type { RepositoryFile } from "./list-repository.ts";
import { locateFile } from "./locate-file.ts";

/** Bytes of a block; tensors of a codec's biases are far smaller and lie next to each other. */
const blockLength = 2 ** 18;

/** Blocks that are kept: the last ones that small reads touched. */
const maxBlocks = 16;

/**
 * A file of a repository, read where it lies by HTTP ranges. Small reads fetch a whole block, so that the many small tensors
 * of a codec take few requests; large ones fetch what they need. The digest of a file cannot be checked by parts of it: size
 * and digest that the server announces are compared with the listing, and ranges with what was asked for.
 * @throws HubError as a download does, here and from `read`.
 */
export async function openHttpSource(settings: HubSettings, id: string, commit: string, file: RepositoryFile): Promise<ByteSource> {
  const subject = { id, revision: commit, file: file.name };
  const url = await locateFile(settings, subject, file);
  const blocks = new Map<number, Promise<Uint8Array>>();

  function block(index: number): Promise<Uint8Array> {
    const begin = index * blockLength;
    const found = blocks.get(index) ?? fetchRange(settings, subject, url, begin, Math.min(begin + blockLength, file.bytes), file.bytes);
    // Last in the map is last used.
    blocks.delete(index);
    blocks.set(index, found);
    found.catch(() => blocks.delete(index));
    for (const oldest of blocks.keys()) {
      if (blocks.size <= maxBlocks) break;
      blocks.delete(oldest);
    }
    return found;
  }

  return {
    name: file.name,
    size: file.bytes,
    async read(offset, length) {
      checkRange(file.name, file.bytes, offset, length);
      if (length === 0) return new Uint8Array();
      if (length > blockLength) return fetchRange(settings, subject, url, offset, offset + length, file.bytes);
      const index = Math.floor(offset / blockLength);
      const start = offset - index * blockLength;
      const first = await block(index);
      if (start + length <= first.byteLength) return first.slice(start, start + length);
      const second = await block(index + 1);
      const bytes = new Uint8Array(length);
      bytes.set(first.subarray(start));
      bytes.set(second.subarray(0, start + length - first.byteLength), first.byteLength - start);
      return bytes;
    },
  };
}

/** Reads bytes `begin` (inclusive) to `end` (exclusive) of a file of `size` bytes. */
function fetchRange(settings: HubSettings, subject: Subject, url: string, begin: number, end: number, size: number): Promise<Uint8Array> {
  return retrying(settings, async () => {
    const response = await send(settings, subject, url, { headers: { range: `bytes=${begin}-${end - 1}`, "accept-encoding": "identity" } });
    if (response.status !== 206 || response.headers.get("content-range") !== `bytes ${begin}-${end - 1}/${size}`) {
      await response.body?.cancel();
      if (response.status === 200) throw knowsNoRanges(subject, settings);
      throw unexpectedAnswer("something else than the range that was asked for", subject, settings, { status: response.status });
    }
    const bytes = new Uint8Array(end - begin);
    let length = 0;
    for await (const chunk of chunksOf(settings, subject, response)) {
      if (length + chunk.byteLength > bytes.byteLength) throw unexpectedAnswer("more bytes than were asked for", subject, settings);
      bytes.set(chunk, length);
      length += chunk.byteLength;
    }
    if (length < bytes.byteLength)
      throw connectionError(new Error(`it ended after ${length} of ${bytes.byteLength} bytes`), subject, settings);
    return bytes;
  });
}

function knowsNoRanges({ id, file }: Subject, { endpoint }: HubSettings): HubError {
  const message = `${endpoint} sends all of ${file} of ${id} where a part was asked for: it knows no ranges, which exact takes; load it without exact (--exact)`;
  return new HubError("HUB_UNEXPECTED_ANSWER", message, { url: `${endpoint}/${id}`, status: 200 });
}
