import { findCheckpoint } from "../../catalogue/index.ts";
import { AudioTokenizer } from "../../tokenizer/index.ts";
import type { EncodeOptions, LoadOptions } from "../../tokenizer/index.ts";
import { startDownload } from "./download-progress.ts";
import { UsageError, withArguments } from "./failures.ts";
import { policyOf } from "./option-values.ts";
import type { ProgressBar } from "./progress.ts";
import type { ModelCommandOptions } from "./shared-options.ts";
import { say } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";
import { commitText, licenseText, staleLines } from "./wording.ts";

/** The checkpoint that comes with the package. */
export const defaultModel = "tiny";

/** What loading models can be told on the command line. */
export interface ModelsOptions extends ModelCommandOptions {
  readonly threads: number;
  readonly quiet?: boolean;
}

/** What can differ between models of one command. */
export type ModelVariant = Pick<LoadOptions, "revision" | "exact" | "offline" | "interleaveStereo">;

/** Tokenizers by what was asked for, each loaded once. Disposing frees them all. */
export class Models implements AsyncDisposable {
  readonly #terminal: Terminal;
  readonly #options: ModelsOptions;
  readonly #loaded = new Map<string, Promise<AudioTokenizer>>();
  /** Models whose origin was told. */
  readonly #told = new Set<string>();

  constructor(terminal: Terminal, options: ModelsOptions) {
    this.#terminal = terminal;
    this.#options = options;
  }

  /** @param variant What of it the command line says too counts as it is there. */
  load(model: string, variant: ModelVariant = {}): Promise<AudioTokenizer> {
    const { revision = variant.revision, exact = variant.exact, offline = variant.offline } = this.#options;
    const key = JSON.stringify([model, revision, exact, offline, variant.interleaveStereo]);
    const tokenizer = this.#loaded.get(key) ?? this.#load(model, { ...variant, revision, exact, offline });
    this.#loaded.set(key, tokenizer);
    return tokenizer;
  }

  async #load(model: string, variant: ModelVariant): Promise<AudioTokenizer> {
    const { threads, license } = this.#options;
    const { signal } = this.#terminal;
    const tokenizer = await this.#withProgress(model, (onProgress) =>
      withArguments(() =>
        AudioTokenizer.fromPretrained(model, { ...variant, threads, licensePolicy: policyOf(license), signal, onProgress }),
      ),
    );
    for (const line of originLines(model, tokenizer, variant.revision)) {
      if (!this.#told.has(line)) say(this.#terminal, this.#options, line);
      this.#told.add(line);
    }
    return tokenizer;
  }

  async #withProgress<T>(model: string, work: (onProgress: ProgressBar["show"]) => Promise<T>): Promise<T> {
    using progress = startDownload(this.#terminal, model, this.#options.quiet);
    return await work(progress.show);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const loaded = await Promise.allSettled(this.#loaded.values());
    await Promise.all(loaded.map((outcome) => (outcome.status === "fulfilled" ? outcome.value.dispose() : undefined)));
  }
}

/** What to tell of a model that is not simply the one that was asked for, free to use: where it is from, and its license. */
function originLines(
  asked: string,
  { provenance, license, servedFrom }: AudioTokenizer,
  askedRevision: string | undefined,
): readonly string[] {
  const { model, revision } = provenance;
  const isOther = model !== asked && model !== findCheckpoint(asked)?.id;
  const isDoubtful = license.status !== "settled" || license.classes.includes("non-commercial");
  const place = revision === null ? model : commitText(model, revision);
  const command = findCheckpoint(license.subject) === undefined ? "inspect" : "models show";
  return [
    ...(isOther ? [`${asked}: its codec is that of ${model}, which is loaded`] : []),
    ...(isDoubtful ? [`${place}: license ${licenseText(license)}; encodec-tokenizer ${command} ${license.subject} has the evidence`] : []),
    ...staleLines(model, revision, servedFrom, askedRevision),
  ];
}

/** How many codebooks the command line asks for. */
export interface RateOptions {
  readonly bandwidth?: number;
  readonly codebooks?: number;
}

/**
 * The library's options for a rate, checked against the model before any input is read.
 * @throws UsageError if the model does not have it.
 */
export function encodeOptionsFor(tokenizer: AudioTokenizer, { bandwidth, codebooks }: RateOptions): EncodeOptions {
  const options = {
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(codebooks === undefined ? {} : { numCodebooks: codebooks }),
  };
  try {
    tokenizer.numCodebooksFor(options);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
  return options;
}
