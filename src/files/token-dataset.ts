import { DisposedError } from "../core/index.ts";
import { formatDocuments, formatMegatronIndex, tokenStream } from "../patterns/index.ts";
import type { DocumentTokens, TokenStream, TokenStreamFormat } from "../patterns/index.ts";
import { AtomicFile } from "./atomic-file.ts";
import { checkVacant, publishFiles } from "./publish-files.ts";
import { formatTokenDatasetInfo, tokenDatasetPaths } from "./token-dataset-files.ts";
import type { TokenDatasetInfo, TokenDatasetPaths } from "./token-dataset-files.ts";

/** What a `TokenDatasetWriter` writes. */
export interface TokenDatasetOptions {
  /**
   * `flat` for nanoGPT and its kin: `train.bin`, tokens and nothing else. `megatron` for Megatron-LM: `train.bin` with
   * `train.idx`. Either comes with `train.json`, which says what the tokens are.
   */
  readonly format: TokenStreamFormat;
  /** Tokens are below this; decides their type (see `tokenStream`). */
  readonly vocabularySize: number;
  /** Token of the vocabulary that ends every document; may not be within one. */
  readonly eosToken: number;
  /** What a reader of `train.json` should know: codec, pattern, rates, codebooks, license. Anything JSON can hold. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Whether a data set of this name is replaced, whatever its format; otherwise it is left alone and `FILE_EXISTS` thrown.
   * @default false
   */
  readonly overwrite?: boolean | undefined;
  /** Ends the writing: `append` and `finish` reject with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a `TokenDatasetWriter` has written. */
export interface TokenDatasetReport {
  readonly documents: number;
  /** Tokens in the `.bin`, those that end documents included. */
  readonly tokens: number;
  /** The files, in the order in which they got their names. */
  readonly files: readonly TokenDatasetFile[];
}

/** A file of a data set. */
export interface TokenDatasetFile {
  readonly path: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** Bytes that are gathered before they are written: documents may be a few tokens each. */
const flushLength = 1 << 20;

/**
 * Writes documents of tokens as the data set of a trainer.
 *
 *     await using writer = await TokenDatasetWriter.create("data/train", { format: "flat", vocabularySize: 1025, eosToken: 1024 });
 *     for await (const tokens of documents) await writer.append(tokens);
 *     await writer.finish();
 *
 * Memory does not grow with the tokens; format `megatron` keeps 4 bytes for each document, and at the end 20 more.
 * The files have their names when `finish` is over; a writer that is disposed before that leaves nothing.
 */
export class TokenDatasetWriter implements AsyncDisposable {
  readonly #stream: TokenStream;
  readonly #paths: TokenDatasetPaths;
  readonly #metadata: Readonly<Record<string, unknown>>;
  readonly #overwrite: boolean;
  readonly #signal: AbortSignal | undefined;
  /** The `.bin` first; the others join it in `finish`. */
  readonly #files: AtomicFile<string>[];
  /** Tokens of each document; for the index of `megatron`. */
  readonly #lengths: LengthList = new LengthList();
  #numDocuments = 0;
  #numTokens = 0;
  #longestDocument = 0;
  #gathered: Uint8Array[] = [];
  #gatheredLength = 0;
  /** Everything that was started so far, one after the other. Once it has failed, it stays failed. */
  #work: Promise<void> = Promise.resolve();
  #isFinished = false;
  #disposing: Promise<void> | undefined;

  private constructor(
    stream: TokenStream,
    paths: TokenDatasetPaths,
    bin: AtomicFile<string>,
    options: Omit<TokenDatasetOptions, "format">,
  ) {
    this.#stream = stream;
    this.#paths = paths;
    this.#metadata = options.metadata ?? {};
    this.#overwrite = options.overwrite ?? false;
    this.#signal = options.signal;
    this.#files = [bin];
  }

  /**
   * Starts a data set.
   * @param path Its files' common name: `data/train` or `data/train.bin`. The folder must exist.
   * @throws RangeError for a vocabulary or `eosToken` that does not do; TypeError for metadata that JSON cannot hold.
   * @throws FileError `FILE_EXISTS`, `FILE_NOT_FOUND` or `FILE_UNWRITABLE`.
   */
  static async create(path: string, options: TokenDatasetOptions): Promise<TokenDatasetWriter> {
    const { format, overwrite = false, signal } = options;
    signal?.throwIfAborted();
    const stream = tokenStream(format, options);
    const paths = tokenDatasetPaths(path);
    const metadata = copyJson(options.metadata ?? {});
    await checkVacant(Object.values(paths), overwrite);
    return new TokenDatasetWriter(stream, paths, await create(paths.bin), { ...options, metadata });
  }

  /**
   * Adds a document, or one for each row of a grid, and `eosToken` after each. Documents may be empty.
   * Calls that are not waited for keep their order. What is refused is not in the data set, and the writer can go on.
   * @throws CodesError with code CODES_OUT_OF_RANGE for a token outside the vocabulary, and CODES_MISMATCH for `eosToken` in a
   * document or a grid that is not made of documents.
   * @throws FileError `FILE_UNWRITABLE`; the data set is lost then.
   * @throws TypeError after `finish`, DisposedError after `dispose`, the signal's reason after its abort.
   */
  async append(tokens: DocumentTokens): Promise<void> {
    this.#checkOpen();
    const { bytes, numDocuments, documentLength } = formatDocuments(tokens, this.#stream);
    if (numDocuments > 0) this.#longestDocument = Math.max(this.#longestDocument, documentLength - 1);
    this.#numDocuments += numDocuments;
    this.#numTokens += numDocuments * documentLength;
    if (this.#stream.format === "megatron") this.#lengths.push(documentLength, numDocuments);
    this.#gathered.push(bytes);
    this.#gatheredLength += bytes.length;
    if (this.#gatheredLength >= flushLength) this.#flush();
    await this.#work;
  }

  /**
   * Completes the data set and gives its files their names: the `.bin` first and what describes it after, the index last.
   * A trainer that finds an index may therefore trust that the tokens are all there. A data set that is replaced goes
   * just before that, its index first.
   * @throws RangeError if there are no documents: trainers cannot map an empty file into memory.
   * @throws FileError, TypeError, DisposedError and the signal's reason as `append` does; no file has its name then.
   */
  async finish(): Promise<TokenDatasetReport> {
    this.#checkOpen();
    if (this.#numDocuments === 0) throw new RangeError("a data set needs at least one document; none was appended");
    this.#isFinished = true;
    this.#flush();
    let files: readonly TokenDatasetFile[] = [];
    this.#work = this.#work.then(async () => {
      files = await this.#publish();
    });
    await this.#work;
    return { documents: this.#numDocuments, tokens: this.#numTokens, files };
  }

  /** Ends the writing. Unless `finish` was called, nothing stays. */
  dispose(): Promise<void> {
    this.#disposing ??= this.#discard();
    return this.#disposing;
  }

  /** The same as `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #checkOpen(): void {
    if (this.#disposing !== undefined) throw new DisposedError("this TokenDatasetWriter", "create another");
    if (this.#isFinished) throw new TypeError("this data set is finished; create another TokenDatasetWriter");
    this.#signal?.throwIfAborted();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#gatheredLength = 0;
    this.#work = this.#work.then(() => this.#files[0]!.write(bytes));
  }

  async #publish(): Promise<TokenDatasetFile[]> {
    const { bin, json, idx } = this.#paths;
    await this.#add(json, formatTokenDatasetInfo(this.#describe()));
    if (this.#stream.format === "megatron") {
      await this.#add(idx, formatMegatronIndex({ dtype: this.#stream.type, sequenceLengths: this.#lengths.view() }));
    }
    this.#signal?.throwIfAborted();
    return await publishFiles(this.#files, [bin, json, idx], this.#overwrite);
  }

  #describe(): TokenDatasetInfo {
    return {
      ...this.#stream,
      numDocuments: this.#numDocuments,
      numTokens: this.#numTokens,
      longestDocument: this.#longestDocument,
      metadata: this.#metadata,
    };
  }

  async #add(path: string, bytes: Uint8Array): Promise<void> {
    const file = await create(path);
    this.#files.push(file);
    await file.write(bytes);
  }

  async #discard(): Promise<void> {
    await this.#work.catch(() => {}); // told to whoever waited for it
    await Promise.all(this.#files.map((file) => file[Symbol.asyncDispose]()));
  }
}

function create(path: string): Promise<AtomicFile<string>> {
  return AtomicFile.create(path, { overwrite: false, digest: "sha256" });
}

/** Lengths of documents, 4 bytes each. */
class LengthList {
  #values = new Int32Array(1024);
  #count = 0;

  /** Adds `times` documents of one length. */
  push(length: number, times: number): void {
    const count = this.#count + times;
    if (count > this.#values.length) {
      const larger = new Int32Array(2 * count);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values.fill(length, this.#count, count);
    this.#count = count;
  }

  view(): Int32Array {
    return this.#values.subarray(0, this.#count);
  }
}

/** The caller may change what was given; and what JSON cannot hold is better refused before the work than after it. */
function copyJson(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    throw new TypeError("metadata must be an object, which goes into the JSON file of the data set");
  }
  return JSON.parse(JSON.stringify(metadata)) as Readonly<Record<string, unknown>>;
}
