import { join } from "node:path";
import { codebookUsage, durationEdges, loudnessEdges } from "../../dataset/index.ts";
import type { DatasetEvent, DatasetInfo, DatasetReport, RowCounts } from "../../dataset/index.ts";
import type { EnqueueEvent, WorkEvent } from "../../queue/index.ts";
import { histogramTable } from "../shared/histogram-table.ts";
import { formatReport, formatTable } from "../shared/report.ts";
import type { ReportRow } from "../shared/report.ts";
import {
  bandwidthText,
  bytesText,
  channelsText,
  countText,
  hoursText,
  provenanceText,
  rateText,
  secondsText,
  speedText,
  timeText,
} from "../shared/wording.ts";
import { licenseRows } from "./models-report.ts";

/** An event as a line of JSON; of the index and of parts, what is short. */
export function eventLine(event: DatasetEvent | EnqueueEvent | WorkEvent): string {
  return `${JSON.stringify(shortEvent(event))}\n`;
}

function shortEvent(event: DatasetEvent | EnqueueEvent | WorkEvent): object {
  if (event.kind === "part-finished") {
    const { statistics: _, ...record } = event.record;
    return { kind: event.kind, ...record };
  }
  if (event.kind === "finished") {
    const { info, ...report } = event.report;
    return { kind: event.kind, ...report, isComplete: info !== null };
  }
  return event;
}

/** What came of a run, for people. */
export function reportLines({ folder, rows, errors, seconds, elapsed, partsLeft, total, info }: DatasetReport): readonly string[] {
  const earlier = total.rows - rows;
  const work = [
    rows === 0 ? "nothing done now" : `${countText(rows, "file")}, ${hoursText(seconds)} in ${timeText(elapsed)}`,
    ...(seconds > 0 ? [speedText(seconds / elapsed)] : []),
    ...(earlier > 0 ? [`${countText(earlier, "file")} done earlier`] : []),
  ];
  return [
    `${folder}: ${work.join(", ")}`,
    ...(total.errors === 0
      ? []
      : [
          `${countText(total.errors, "file")} failed${errors === total.errors ? "" : `, ${errors} of them now`}; ${info === null ? "parts/*.errors.jsonl" : "errors.jsonl"} has the reasons`,
        ]),
    ...damageLines(total, info),
    stateText(info, partsLeft),
    ...(info === null || info.counts.clips === 0
      ? []
      : [usageText(info), `more in ${join(folder, "report.svg")}, or by encodec-tokenizer inspect ${folder}`]),
  ];
}

/** What of the inputs became no work, a line for each kind: `12 × .txt files beside audio files left out; …`. */
export function leftOutLines({
  duplicates,
  leftOut,
}: {
  readonly duplicates: number;
  readonly leftOut: Readonly<Record<string, number>>;
}): readonly string[] {
  const kinds = Object.entries(leftOut).map(([what, number]) => `left out: ${number.toLocaleString("en")} × ${what}`);
  const repeated = duplicates === 0 ? [] : [`left out: ${countText(duplicates, "file")} with the audio of an earlier one (--dedupe)`];
  return [...repeated, ...kinds];
}

/** What a run has to say of damaged audio: `2 clips are of damaged audio, ...`. */
export function damageLines({ warnings, damaged }: Pick<RowCounts, "warnings" | "damaged">, info: DatasetInfo | null): readonly string[] {
  if (warnings === 0) return [];
  const clips = damaged === 0 ? "no clip lacks anything" : `${countText(damaged, "clip")} of damaged audio, marked in the manifest`;
  return [`${clips}; ${countText(warnings, "warning")}, in ${info === null ? "parts/*.warnings.jsonl" : "warnings.jsonl"}`];
}

function stateText(info: DatasetInfo | null, partsLeft: number): string {
  if (info === null)
    return partsLeft > 0 ? `${countText(partsLeft, "part")} left; the same command goes on` : "this share is done; others are not";
  if (info.counts.clips === 0 && info.counts.errors > 0) return "finished without a clip: all files failed";
  return `complete: ${countText(info.counts.clips, "clip")}, ${hoursText(info.counts.hours * 3600)}, ${countText(info.shards.length, "shard file")}`;
}

/** `codebooks: 49 to 81 % of their codes in use, entropy 8.07 to 9.00 of 10 bits`. */
function usageText({ codec, statistics }: DatasetInfo): string {
  const usage = codebookUsage(statistics);
  return `codebooks: ${rangeOf(
    usage.map(({ used }) => 100 * used),
    0,
  )} % of their codes in use, entropy ${rangeOf(
    usage.map(({ entropy }) => entropy),
    2,
  )} of ${Math.log2(codec?.codebook_size ?? 1).toFixed(0)} bits`;
}

/** `8.07 to 9.00`; one number where there is no more to tell. */
function rangeOf(values: readonly number[], digits: number): string {
  return [...new Set([Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits)))].join(" to ");
}

/** What a finished dataset holds, for people. */
export function formatDatasetInspection(name: string, info: DatasetInfo): string {
  const { counts, codec, shards, audioLicense, license, statistics, tool } = info;
  const formats = [...new Set(shards.map(({ format }) => format))].map((format) => {
    const those = shards.filter((shard) => shard.format === format);
    return [format, String(those.length), bytesText(those.reduce((sum, { bytes }) => sum + bytes, 0))];
  });
  const failures = Object.entries(statistics.errors).map(([code, number]) => `${number} × ${code}`);
  const codecRows: readonly ReportRow[] =
    codec === null
      ? []
      : [
          [
            "codes",
            `${countText(codec.num_codebooks, "codebook")} of ${codec.codebook_size} codes, ${codec.frame_rate} frames per second, ${bandwidthText(codec.bandwidth)}`,
          ],
          ["audio", `${rateText(codec.sample_rate)}, ${channelsText(codec.channels)}`],
          [
            "model",
            provenanceText({
              model: codec.model,
              revision: codec.revision,
              digest: codec.digest,
              license: codec.license,
              licenseStatus: codec.license_status,
            }),
          ],
        ];
  const usage = codebookUsage(statistics).map(({ used, entropy }, k) => [
    String(k + 1),
    `${(used * 100).toFixed(1)} %`,
    entropy.toFixed(2),
  ]);
  return formatReport(name, [
    [
      [
        "clips",
        `${counts.clips.toLocaleString("en")}, ${hoursText(counts.hours * 3600)}, of ${countText(counts.rows, "file")}${counts.duplicates === undefined ? "" : `, ${counts.duplicates} of them with the audio of an earlier one`}`,
      ],
      ["errors", failures.length === 0 ? "none" : [countText(counts.errors, "file"), ...failures]],
      ...damageRows(info),
      ...Object.entries(statistics.decoders ?? {}).map(([decoder, clips]): ReportRow => [
        "decoded by",
        `${decoder}: ${countText(clips, "clip")}`,
      ]),
      ["shards", formats.length === 0 ? "none" : formatTable(["format", "files", "size"], formats, ["format"])],
    ],
    codecRows,
    [
      ["recordings", audioLicense === null ? "license not stated" : `license ${audioLicense}`],
      ...(license === null ? [] : licenseRows(license)),
      ["made by", `${tool.name} ${tool.version}`],
    ],
    usage.length === 0
      ? []
      : [["usage", formatTable(["codebook", "codes used", `entropy of ${Math.log2(codec?.codebook_size ?? 1).toFixed(0)} bits`], usage)]],
    counts.clips === 0
      ? []
      : [
          [
            "durations",
            histogramTable("seconds", durationEdges, statistics.durations, (edge) => /^(?:0\.)?0*[125]0*$/u.test(String(edge))),
          ],
        ],
    counts.clips === 0
      ? []
      : [["loudness", histogramTable("dB of full scale", loudnessEdges, statistics.loudness, (edge) => edge % 10 === 0)]],
  ]);
}

/** What is known of damaged audio; nothing where there is none. */
function damageRows({ statistics: { warnings, damage }, codec }: DatasetInfo): readonly ReportRow[] {
  if (warnings === undefined) return [];
  const lost =
    damage === undefined || codec === null
      ? []
      : [`${countText(damage.clips, "clip")}, ${secondsText(damage.samples / codec.sample_rate)} lost`];
  return [["damage", [...lost, ...Object.entries(warnings).map(([code, number]) => `${number} × ${code}`)]]];
}

/** What a finished dataset holds, for programs: the index with the usage of codebooks in place of all counts, and histograms with their edges. */
export function summarizeDataset({ statistics, ...info }: DatasetInfo): Readonly<Record<string, unknown>> {
  const { codes: _, durations, loudness, ...others } = statistics;
  const histograms = { durations: { edges: durationEdges, counts: durations }, loudness: { edges: loudnessEdges, counts: loudness } };
  return { ...info, statistics: { ...others, ...histograms }, usage: codebookUsage(statistics) };
}
