import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { HubError } from "../core/index.ts";
import { piecesOf } from "../files/index.ts";

/** The Hub takes smaller files within its questions, which are held in memory; larger ones go to a storage piece by piece. */
const mostHeld = 2 ** 24;

/** What `fetch` uploads of a file: as a `Blob`, whose bytes are read when they are sent. Each time, the file has to be the one that was checked. */
export class CheckedBlob extends Blob {
  readonly #file: CheckedFile;
  readonly #start: number;
  readonly #end: number;

  /** @param start First byte, of the file. @param end The one after the last. */
  constructor(file: CheckedFile, start: number = 0, end: number = file.bytes) {
    super();
    this.#file = file;
    this.#start = start;
    this.#end = end;
  }

  override get size(): number {
    return this.#end - this.#start;
  }

  override slice(start: number = 0, end: number = this.size): Blob {
    const [from, to] = [start, end].map((at) => this.#start + Math.min(this.size, at < 0 ? Math.max(0, this.size + at) : at)) as [
      number,
      number,
    ];
    return new CheckedBlob(this.#file, from, Math.max(from, to));
  }

  /** @throws HubError with code HUB_UNEXPECTED_ANSWER for more than 16 MiB: a Hub asks for so much at once only by mistake. */
  override async arrayBuffer(): Promise<ArrayBuffer> {
    if (this.size > mostHeld) throw this.#file.tooLarge(this.size);
    const bytes = new Uint8Array(this.size);
    let done = 0;
    for await (const piece of this.#pieces()) {
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes.buffer;
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer());
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const pieces = this.#pieces();
    return new ReadableStream({
      async pull(controller) {
        const next = await pieces.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await pieces.return();
      },
    });
  }

  async *#pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    const handle = await this.#file.open();
    try {
      let left = this.size;
      for await (const piece of piecesOf(handle, { start: this.#start, end: this.#end })) {
        left -= piece.length;
        yield piece;
      }
      if (left > 0) throw this.#file.changed();
    } finally {
      await handle.close();
    }
  }
}

/** A file that was checked, and is opened again later. */
export class CheckedFile {
  readonly #path: string;
  readonly #open: () => Promise<FileHandle>;
  readonly #version: string;
  readonly bytes: number;

  private constructor(path: string, open: () => Promise<FileHandle>, stats: BigIntStats) {
    this.#path = path;
    this.#open = open;
    this.#version = versionOf(stats);
    this.bytes = Number(stats.size);
  }

  /** @param path For messages. @param check Told the open file; whatever it throws is passed on. */
  static async of(path: string, open: () => Promise<FileHandle>, check: (handle: FileHandle) => Promise<void>): Promise<CheckedFile> {
    const handle = await open();
    try {
      const stats = await handle.stat({ bigint: true });
      await check(handle);
      return new CheckedFile(path, open, stats);
    } finally {
      await handle.close();
    }
  }

  /** @throws HubError with code HUB_CHECKSUM if it is another file now, or was written to. */
  async open(): Promise<FileHandle> {
    const handle = await this.#open();
    if (versionOf(await handle.stat({ bigint: true })) === this.#version) return handle;
    await handle.close();
    throw this.changed();
  }

  tooLarge(bytes: number): HubError {
    return new HubError(
      "HUB_UNEXPECTED_ANSWER",
      `the Hub asks for ${bytes} bytes of ${this.#path} at once; at most ${mostHeld} are held in memory, and large files belong into Git LFS`,
    );
  }

  changed(): HubError {
    return new HubError("HUB_CHECKSUM", `${this.#path} changed while it was uploaded; push again when nothing writes to it`);
  }
}

function versionOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs].join(":");
}
