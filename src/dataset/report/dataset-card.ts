import { stringify } from "yaml";
import { findLicense } from "../../catalogue/index.ts";
import { visibleLine, visibleText } from "../../core/index.ts";
import type { OutputFormat } from "../records/finished-shard.ts";
import type { DatasetInfo } from "../records/dataset-info.ts";
import { markdownLine, markdownName } from "./markdown-line.ts";

/** What the card of a dataset says that cannot be seen from its clips. */
export interface DatasetCardOptions {
  /** Name of the dataset for people. @default "EnCodec tokens" */
  readonly title?: string | undefined;
  /** Languages that are spoken, as the Hub has them: `en`. @default none */
  readonly languages?: readonly string[] | undefined;
  /** A paragraph about the recordings, in Markdown. @default none */
  readonly description?: string | undefined;
}

/** Upper limits of the Hub's size categories. Source: huggingface/hub-docs `datasetcard.md`, `size_categories`. */
const sizeCategories: readonly (readonly [below: number, name: string])[] = [
  [1e3, "n<1K"],
  [1e4, "1K<n<10K"],
  [1e5, "10K<n<100K"],
  [1e6, "100K<n<1M"],
  [1e7, "1M<n<10M"],
  [1e8, "10M<n<100M"],
  [1e9, "100M<n<1B"],
  [1e10, "1B<n<10B"],
  [1e11, "10B<n<100B"],
  [1e12, "100B<n<1T"],
];

/** Formats that `datasets.load_dataset` reads, the best first; it takes one of them for a whole repository. */
const loadable: readonly (readonly [format: OutputFormat, pattern: string])[] = [
  ["parquet", "shards/*.parquet"],
  ["webdataset", "shards/*.tar"],
  ["jsonl", "shards/part-*-*[0-9].jsonl"],
];

/**
 * A dataset card for the Hugging Face Hub: front matter by which the Hub and `datasets.load_dataset` know the dataset, and text on
 * what it is, where it comes from and how it is read. What others say of licenses and models stands in it as single lines without markup.
 */
export function formatDatasetCard(info: DatasetInfo, options: DatasetCardOptions = {}): string {
  const { title = "EnCodec tokens", description } = options;
  const sections = [
    `# ${markdownLine(title)}`,
    description === undefined ? undefined : visibleText(description),
    summaryOf(info),
    "![Codebook usage, durations, loudness and errors](report.svg)",
    filesOf(info),
    info.shards.length === 0 ? undefined : readingOf(info),
    licenseOf(info),
  ];
  return `---\n${stringify(frontMatterOf(info, options, title), { lineWidth: 0 })}---\n\n${sections.filter((section) => section !== undefined).join("\n\n")}\n`;
}

function frontMatterOf(info: DatasetInfo, { languages = [] }: DatasetCardOptions, title: string): Readonly<Record<string, unknown>> {
  const formats = formatsOf(info);
  // Left to itself, load_dataset would take all files with lines of JSON for one table.
  const data = loadable.find(([format]) => formats.has(format))?.[1] ?? info.manifest.path;
  const { clips } = info.counts;
  return {
    pretty_name: visibleLine(title),
    ...licenseFields(info),
    ...(languages.length === 0 ? {} : { language: languages.map(visibleLine) }),
    size_categories: [sizeCategories.find(([below]) => clips < below)?.[1] ?? "n>1T"],
    tags: ["audio", "encodec", "audio-tokens", "neural-codec", ...(formats.has("webdataset") ? ["webdataset"] : [])],
    ...(clips === 0 ? {} : { configs: [{ config_name: "default", data_files: [{ split: "train", path: data }] }] }),
  };
}

/**
 * The license of the recordings and that of the weights, both of which apply; `unknown` for what nobody stated. Those that the Hub
 * lists go by its ids; where one is not listed, `other` with the name of all of them.
 */
function licenseFields({ audioLicense, license, codec }: DatasetInfo): Readonly<Record<string, unknown>> {
  const names = [audioLicense ?? "unknown", license?.effective ?? codec?.license ?? "unknown"].flatMap((expression) =>
    expression.split(" AND "),
  );
  const ids = [...new Set(names.map((name) => findLicense(name)?.id))];
  if (ids.every((id) => id !== undefined && id !== "other")) return { license: ids.length === 1 ? ids[0] : ids };
  return {
    license: "other",
    license_name: names
      .join("-and-")
      .toLowerCase()
      .replaceAll(/[^a-z0-9.-]+/gu, "-"),
    license_link: "README.md#license",
  };
}

function summaryOf(info: DatasetInfo): string {
  const { counts, codec, tool } = info;
  const what = `${count(counts.clips, "clip")}, ${hours(counts.hours)} of audio, as EnCodec codes`;
  if (codec === null) return `${what}. Written by ${tool.name} ${tool.version}.`;
  const rows = [
    ["Model", markdownName(codec.model)],
    ["Commit", codec.revision === null ? "not known" : markdownName(codec.revision)],
    ["SHA-256 of the weights", codec.digest === null ? "not known" : markdownName(codec.digest)],
    ["Sample rate", `${codec.sample_rate} Hz, ${count(codec.channels, "channel")}`],
    ["Frames per second", `${codec.frame_rate} (hop of ${codec.hop_length} samples)`],
    ["Codebooks", `${codec.num_codebooks} of ${codec.codebook_size} codes, ${Number(codec.bandwidth.toFixed(3))} kbps`],
    ...(codec.segment_length === null
      ? []
      : [["Segments", `${codec.segment_length} samples every ${codec.segment_stride}, each with its scale`]]),
    ["Rows, clips, errors", `${counts.rows}, ${counts.clips}, ${counts.errors}`],
    ...(counts.duplicates === undefined ? [] : [["Rows with the audio of an earlier one", String(counts.duplicates)]]),
    ...Object.entries(info.statistics.decoders ?? {}).map(([decoder, clips]) => [
      `Clips decoded by ${markdownLine(decoder)}`,
      String(clips),
    ]),
    ...(counts.damaged === undefined
      ? []
      : [["Clips of damaged audio", `${counts.damaged}, marked by \`damage\`; ${count(counts.warnings ?? 0, "warning")}`]]),
    ["Written by", `${tool.name} ${tool.version}`],
  ];
  return [`${what}.`, "", "| | |", "| --- | --- |", ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join("\n");
}

const fileDescriptions: Readonly<Record<OutputFormat, string>> = {
  webdataset: "- `shards/*.tar`: WebDataset; `<key>.npy` (uint16) and `<key>.json` for each clip",
  parquet: "- `shards/*.parquet`: a row for each clip; `codes` as a list of lists of uint16, one for each codebook",
  npy: "- `npy/`: a `.npy` (uint16) for each clip, listed in `shards/*.npy.jsonl`",
  jsonl: "- `shards/*[0-9].jsonl`: a line for each clip, with `codes` as nested lists",
  tokens: "- `shards/*.bin`: a stream of tokens, described by the `.json` beside each",
};

function filesOf(info: DatasetInfo): string {
  const isSegmented = info.codec !== null && info.codec.segment_length !== null;
  const shape = isSegmented
    ? "`[segments, K, T]`: segments × codebooks × frames, with a scale for each segment in `scales`"
    : "`[K, T]`: codebooks × frames";
  return [
    "## Files",
    "",
    ...[...formatsOf(info)].map((format) => fileDescriptions[format]),
    "- `manifest.jsonl`: a line for each clip, with its source and where it is",
    "- `errors.jsonl`: a line for each row that failed, with the reason",
    ...(info.warnings === undefined
      ? []
      : ["- `warnings.jsonl`: what is wrong with audio that was taken nevertheless: row, place, samples, clips"]),
    "- `dataset.json`: codec, license, options, counts, statistics, and the SHA-256 of every shard",
    "",
    `Codes are ${shape}.`,
  ].join("\n");
}

function readingOf(info: DatasetInfo): string {
  const formats = formatsOf(info);
  const python = formats.has("parquet")
    ? pythonOf("codes")
    : formats.has("webdataset")
      ? pythonOf("npy")
      : formats.has("npy")
        ? [
            "import json",
            "import numpy as np",
            "",
            'for line in open("manifest.jsonl"):',
            '    codes = np.load(json.loads(line)["places"]["npy"]["file"])',
          ]
        : formats.has("tokens")
          ? [
              "import json",
              "import numpy as np",
              "",
              'about = json.load(open("shards/part-000000-000.json"))',
              'tokens = np.memmap("shards/part-000000-000.bin", dtype=about["dtype"], mode="r")',
            ]
          : pythonOf("codes");
  const isReadable = [...formats].some((format) => format !== "tokens");
  const typescript = isReadable
    ? [
        'import { openDataset } from "encodec-tokenizer/dataset";',
        "",
        'for await (const { key, codes } of await openDataset("<folder>")) {',
        "  const { data, shape } = codes; // Uint16Array, row-major",
        "}",
      ]
    : [
        'import { openTokenDataset } from "encodec-tokenizer/dataset";',
        "",
        'for await (const tokens of await openTokenDataset("shards/part-000000-000")) train(tokens);',
      ];
  return ["## Reading", "", "```python", ...python, "```", "", "```ts", ...typescript, "```"].join("\n");
}

/** What `datasets` gives are lists. */
function pythonOf(column: string): readonly string[] {
  return [
    "from datasets import load_dataset",
    "import numpy as np",
    "",
    'dataset = load_dataset("<user>/<dataset>", split="train", streaming=True)',
    `codes = np.array(next(iter(dataset))["${column}"], dtype=np.uint16)`,
  ];
}

function licenseOf({ license, codec, audioLicense }: DatasetInfo): string {
  const lines = [
    "## License",
    "",
    `The recordings: ${audioLicense === null ? "not stated by whoever made this dataset" : markdownLine(audioLicense)}.`,
    "",
  ];
  if (license === null) {
    lines.push(
      `The codec's weights: ${markdownLine(codec?.license ?? "not known")} (${codec?.license_status ?? "nobody looked further"}).`,
    );
  } else {
    lines.push(`The codec's weights, ${markdownLine(license.subject)}: ${markdownLine(license.effective)} (${license.status}).`);
    if (license.upstream !== null) lines.push("", markdownLine(license.upstream));
    if (license.stricterReading !== null) lines.push("", `If the stricter statements hold: ${markdownLine(license.stricterReading)}.`);
    if (license.evidence.length > 0)
      lines.push(
        "",
        "Evidence:",
        "",
        ...license.evidence.map(({ fact, source, date }) => `- ${markdownLine(`${fact} (${source}, ${date})`)}`),
      );
  }
  return lines.join("\n");
}

function formatsOf({ shards }: DatasetInfo): ReadonlySet<OutputFormat> {
  return new Set(shards.map(({ format }) => format));
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function hours(value: number): string {
  return value < 1 ? `${(value * 60).toFixed(1)} minutes` : `${value.toFixed(1)} hours`;
}
