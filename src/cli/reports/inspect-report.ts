import type { AudioCodes } from "../../core/index.ts";
import type { ModelInspection } from "../../tokenizer/index.ts";
import { formatReport, formatTable } from "../shared/report.ts";
import type { ReportRow } from "../shared/report.ts";
import {
  bandwidthText,
  channelsText,
  codesSummary,
  codesText,
  countText,
  provenanceText,
  rateText,
  secondsText,
  segmentsText,
} from "../shared/wording.ts";
import { usageOf } from "./codes-usage.ts";
import type { ClipUsage } from "./codes-usage.ts";
import { evidenceLines, licenseRows } from "./models-report.ts";

/** Most names of tensors to list in one row. */
const shownTensors = 8;

/** What a file of codes holds, for people. */
export async function formatCodesInspection(name: string, codes: AudioCodes): Promise<string> {
  const { segment } = codes;
  const segments: readonly ReportRow[] = segment === null ? [] : [["segments", segmentsText(segment, codes.sampleRate)]];
  const { decoder } = codes.provenance;
  const decoded: readonly ReportRow[] = decoder === undefined ? [] : [["decoded by", decoder]];
  return formatReport(name, [
    [
      ["codes", `${codesText(codes)}, ${codes.frameRate} frames per second`],
      [
        "audio",
        `${secondsText(codes.duration)}, ${rateText(codes.sampleRate)}, ${channelsText(codes.channels)}, ${countText(codes.numSamples, "sample")}`,
      ],
      ["bandwidth", bandwidthText(codes.bandwidth)],
      ...segments,
      ["model", provenanceText(codes.provenance)],
      ...decoded,
    ],
    [["usage", usageTable(await usageOf(codes), codes.codebookSize)]],
  ]);
}

/** What a file of codes holds, for programs. */
export async function summarizeCodes(codes: AudioCodes): Promise<Readonly<Record<string, unknown>>> {
  return {
    ...codesSummary(codes),
    segment: codes.segment,
    scales: codes.scales === null ? null : [...codes.scales],
    usage: await usageOf(codes),
  };
}

/** What a model is and whether it is complete, for people. */
export function formatModelInspection(name: string, model: ModelInspection): string {
  const { config, checkpoint, segment, faults } = model;
  const megabytes = (checkpoint.bytes / 1e6).toFixed(1);
  return formatReport(name, [
    [
      ["model", provenanceText(model.provenance)],
      [
        "files",
        [...checkpoint.files, `${checkpoint.format}, ${checkpoint.layout} layout, ${megabytes} MB, ${checkpoint.dtypes.join(" and ")}`],
      ],
      ["parameters", model.numParameters.toLocaleString("en")],
    ],
    [
      [
        "audio",
        `${rateText(config.samplingRate)}, ${channelsText(config.audioChannels)}${config.interleaveStereo ? ", stereo as two mono clips" : ""}`,
      ],
      ["frames", `${model.frameRate} per second, ${model.hopLength} samples each`],
      ["codebooks", `${model.numQuantizers} of ${config.codebookSize} codes`],
      [
        "bandwidths",
        formatTable(
          ["kbps", "codebooks"],
          model.bandwidths.map(({ bandwidth, numCodebooks }) => [String(bandwidth), String(numCodebooks)]),
        ),
      ],
      ...(segment === null ? [] : [["segments", `${segment.length} samples long, one every ${segment.stride}`] as const]),
    ],
    [
      [
        "network",
        `${config.useCausalConv ? "causal" : "not causal"}, ${config.normType}, ${config.padMode} padding, ${countText(config.numLstmLayers, "LSTM layer")}`,
      ],
      ["widths", `${config.numFilters} filters, hidden size ${config.hiddenSize}, ratios ${config.upsamplingRatios.join(" × ")}`],
    ],
    licenseRows(model.license),
    [["evidence", evidenceLines(model.license)]],
    [
      ["faults", faults.length === 0 ? "none: every tensor is there" : faults.slice(0, shownTensors).map(faultText)],
      ...(faults.length > shownTensors ? [["", `and ${faults.length - shownTensors} more`] as const] : []),
      ["ignored", namesText(checkpoint.ignored)],
      ["unknown", namesText(checkpoint.unknown)],
    ],
  ]);
}

function usageTable(usage: readonly ClipUsage[], codebookSize: number): readonly string[] {
  return formatTable(
    ["codebook", `codes used of ${codebookSize}`, `entropy of ${Math.log2(codebookSize).toFixed(0)} bits`],
    usage.map(({ distinct, entropy }, k) => [String(k + 1), String(distinct), entropy.toFixed(2)]),
  );
}

function faultText({ name, shape, found }: ModelInspection["faults"][number]): string {
  return found === null ? `${name} is missing` : `${name} is [${found.join(", ")}], expected [${shape.join(", ")}]`;
}

function namesText(names: readonly string[]): string | readonly string[] {
  if (names.length === 0) return "none";
  const shown = names.slice(0, shownTensors);
  return names.length > shown.length ? [...shown, `and ${names.length - shown.length} more`] : shown;
}
