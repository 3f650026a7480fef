import type { DatasetFigureOptions } from "../../figure/index.ts";
import type { DatasetInfo } from "../records/dataset-info.ts";
import { durationEdges, loudnessEdges } from "../records/histogram.ts";
import { codebookUsage } from "../records/statistics.ts";

/** What the picture of a dataset shows. @param title By default the model's name. */
export function datasetFigureOf({ codec, counts, statistics }: Omit<DatasetInfo, "shards">, title?: string): DatasetFigureOptions {
  return {
    title: title ?? "EnCodec tokens",
    subtitle: [
      ...(codec === null ? [] : [codec.model, `${codec.sample_rate / 1000} kHz`, `${Number(codec.bandwidth.toFixed(3))} kbps`]),
      `${counts.clips} clip${counts.clips === 1 ? "" : "s"}`,
      lengthText(counts.hours),
    ].join(" · "),
    codebookSize: codec?.codebook_size ?? 0,
    codebooks: codebookUsage(statistics),
    durations: { edges: durationEdges, counts: statistics.durations },
    loudness: { edges: loudnessEdges, counts: statistics.loudness },
    errors: statistics.errors,
  };
}

function lengthText(hours: number): string {
  if (hours >= 1) return `${hours.toFixed(1)} h`;
  return hours >= 1 / 60 ? `${(hours * 60).toFixed(1)} min` : `${(hours * 3600).toFixed(1)} s`;
}
