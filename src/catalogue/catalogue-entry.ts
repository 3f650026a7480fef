import type { LicenseRecord } from "../core/index.ts";

/**
 * How much a catalogued size or digest may be relied upon.
 * - `confirmed`: read from the publisher, or proven by a second way to the same number. A download that differs is refused.
 * - `reported`: from one indirect source. A download that differs is not refused for it, as long as it is what the Hub
 *   itself announces; a file that has this digest is recognised by it.
 * - `approximate`: rounded, as a page shows it. For telling people how large a download is.
 */
export type Confidence = "confirmed" | "reported" | "approximate";

/** A file of a catalogued checkpoint. */
export interface CatalogueFile {
  /** Path inside the repository, or name of the file. */
  readonly path: string;
  /** Size in bytes, or null where it is not known. */
  readonly size: number | null;
  /** SHA-256 in lower-case hex, or null where it is not known in full. */
  readonly sha256: string | null;
  readonly confidence: Confidence;
}

/** How the weights are stored: by whom they can be read follows from it. */
export type CheckpointLayout = "transformers" | "audiocraft" | "torch-hub" | "mlx" | "onnx";

/** One published EnCodec checkpoint, or one that contains an EnCodec, with what is known about it. */
export interface CatalogueEntry {
  /** Hub id; `tiny` for the embedded checkpoint; `torchhub:` and a file name for files of torch.hub. */
  readonly id: string;
  /** Shorter names. */
  readonly aliases: readonly string[];
  /** Where a person can look it up. */
  readonly address: string;
  /** Who made the weights, as they are to be credited. */
  readonly creator: string;
  /** Commit that everything here speaks of; null where none is known or there is no repository. */
  readonly revision: string | null;
  readonly layouts: readonly CheckpointLayout[];
  /** The files that bear on the codec. */
  readonly files: readonly CatalogueFile[];
  /** Sample rate in hertz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Frames per second. */
  readonly frameRate: number;
  /** Codebooks in the checkpoint. */
  readonly numQuantizers: number;
  readonly codebookSize: number;
  /** Bandwidths in kbps, ascending. */
  readonly bandwidths: readonly number[];
  /** Whether stereo is coded as two mono signals with interleaved codebooks, as stereo MusicGen does. */
  readonly interleaveStereo: boolean;
  /** Language models that read the codes of this codec. */
  readonly usedBy: readonly string[];
  /** Id of the checkpoint that holds the same codec in a smaller or readier form, or null where this is it. */
  readonly codecFrom: string | null;
  /** Why the files of this very repository cannot be loaded, or null where they can. */
  readonly notLoadable: string | null;
  /** Whether it is made for trying things out and not for listening. */
  readonly isTrial: boolean;
  /** What else one should know. */
  readonly notes: readonly string[];
  readonly license: LicenseRecord;
  /** What is known of the audio that it was trained on; empty where no statement was found. */
  readonly trainingData: readonly TrainingStatement[];
}

/**
 * What somebody said about the audio that weights were trained on, in their words. It is evidence to be read: what follows from it
 * for the license of the weights is not judged here, and no policy looks at it.
 */
export interface TrainingStatement {
  /** Whether it speaks of the codec, or of the larger model that contains it. */
  readonly about: "codec" | "model";
  /** Where it can be looked up. */
  readonly source: string;
  /** What is said there, word for word; links are left out. */
  readonly quote: string;
  /** Day of the statement, or where it bears none, the day on which it was read: `2023-04-17`. */
  readonly date: string;
}
