import { open } from "node:fs/promises";
import { basename, join } from "node:path";
import { extensionOf, videoExtensionOf } from "./audio-extensions.ts";
import type { FoundFile } from "./walk-folder.ts";
import type { RowProblem } from "./row.ts";

/** Extensions of what lies beside audio: no such file is looked into. */
const others: ReadonlySet<string> = new Set(
  (
    "7z bib bin bz2 c cfg cls conf cpp csv ctm db doc docx gif gitattributes gitignore gz h h5 html ini ipynb jpeg jpg js json jsonl lab lock log md md5 mid midi mlf " +
    "npy npz orig parquet pdf php pickle pkl png pt pth py rst rttm safetensors sh sha256 srt svg tar tex textgrid tgz tif tiff toml trans ts tsv ttl txt uttid vtt " +
    "webp wrd xls xlsx xml xz yaml yml zip zst phn par eaf cha stm"
  ).split(" "),
);

/** First bytes of audio files, and where they are. Frames without a header before them are not told from other bytes so. */
const magics: readonly (readonly [offset: number, text: string])[] = [
  [8, "WAVE"],
  [0, "fLaC"],
  [0, "OggS"],
  [0, "ID3"],
  [8, "AIFF"],
  [8, "AIFC"],
  [4, "ftypM4A"],
  [0, "caff"],
  [0, ".snd"],
  [0, "NIST_1A"],
  [0, "#!AMR"],
  [0, "wvpk"],
  [0, "MAC "],
  [0, "riff"],
];
const headBytes = 16;

/** Most files of an input that are looked into. */
const maxLooks = 10_000;

/** Is told, for each thing of the inputs that no row has, what kind of thing it is. */
export type OnLeftOut = (what: string) => void;

/** Extensions of labels of a clip in a file of their own. */
const labels: ReadonlySet<string> = new Set(["txt", "cls", "json", "lab", "textgrid"]);

/** Files by which the Hub's folders of audio name their labels. */
const metadataNames: ReadonlySet<string> = new Set(["metadata.csv", "metadata.jsonl"]);

/** Tells which files of a folder look like audio, or like its labels, and are not taken. */
export class LeftOut {
  readonly #root: string;
  readonly #onLeftOut: OnLeftOut;
  #looks = 0;

  constructor(root: string, onLeftOut: OnLeftOut) {
    this.#root = root;
    this.#onLeftOut = onLeftOut;
  }

  /** Whether a file that is no audio file by its name may be one that somebody misses. */
  static mayBe(path: string): boolean {
    const extension = extensionOf(path) ?? "";
    return videoExtensionOf(path) !== undefined || !others.has(extension) || labels.has(extension) || isMetadata(path);
  }

  /** Why a file that `mayBe` is left out, and what to do; undefined for one that nobody misses. */
  async problemOf({ path, isBesideAudio }: FoundFile): Promise<RowProblem | undefined> {
    if (isMetadata(path)) this.#onLeftOut(`${basename(path)} in folders; give the file itself as the input if it lists them`);
    if (labels.has(extensionOf(path) ?? "") && isBesideAudio === true)
      this.#onLeftOut(
        `.${extensionOf(path)} files beside audio files; name both in a manifest, or put them into a tar, if they are labels`,
      );
    if (others.has(extensionOf(path) ?? "")) return undefined;
    const extension = videoExtensionOf(path);
    if (extension !== undefined)
      return isBesideAudio === true
        ? undefined
        : {
            code: "FILE_LEFT_OUT",
            message: `${path} is a video, and a folder is taken for its audio files; name it by a glob such as '**/*.${extension}' if its sound is wanted`,
          };
    if (++this.#looks > maxLooks || !(await this.#hasMagic(path))) return undefined;
    return {
      code: "FILE_LEFT_OUT",
      message: `${path} begins as an audio file does, and its name does not say so; give it an extension, such as .wav, or name it in a manifest`,
    };
  }

  async #hasMagic(path: string): Promise<boolean> {
    try {
      await using handle = await open(join(this.#root, path), "r");
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
      const head = buffer.toString("latin1", 0, bytesRead);
      return magics.some(([offset, text]) => head.startsWith(text, offset));
    } catch {
      return false; // who cannot be read is not known to be audio
    }
  }
}

function isMetadata(path: string): boolean {
  return metadataNames.has(basename(path).toLowerCase());
}
