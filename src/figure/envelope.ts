import { formatNumber } from "./svg.ts";

/** Where an envelope is drawn, in user units; `amplitude` is the sample value at the top of the lane. */
export interface Lane {
  readonly left: number;
  readonly width: number;
  readonly middle: number;
  readonly height: number;
  readonly amplitude: number;
}

/**
 * The outline of a channel as path data: in each column the least and the greatest sample, at least a hair line apart.
 * Empty for a channel without samples.
 * @param columns Most columns to draw; a channel with fewer samples has one column for each.
 */
export function envelopePath(samples: Float32Array, columns: number, { left, width, middle, height, amplitude }: Lane): string {
  const count = Math.min(columns, samples.length);
  const hairLine = 0.35;
  const upper: string[] = [];
  const lower: string[] = [];
  for (let column = 0; column < count; column++) {
    const { least, greatest } = rangeOf(
      samples,
      Math.floor((column * samples.length) / count),
      Math.floor(((column + 1) * samples.length) / count),
    );
    const x = formatNumber(left + ((column + 0.5) / count) * width);
    upper.push(`${x} ${formatNumber(middle - (greatest / amplitude) * (height / 2) - hairLine)}`);
    lower.push(`${x} ${formatNumber(middle - (least / amplitude) * (height / 2) + hairLine)}`);
  }
  return count === 0 ? "" : `M${upper.join("L")}L${lower.toReversed().join("L")}Z`;
}

/** The largest absolute sample; 0 where there is none. */
export function peakOf(channels: readonly Float32Array[]): number {
  return Math.max(
    0,
    ...channels.map((samples) => {
      const { least, greatest } = rangeOf(samples, 0, samples.length);
      return Math.max(-least, greatest);
    }),
  );
}

/** Samples that are no numbers count as silence. */
function rangeOf(samples: Float32Array, start: number, end: number): { readonly least: number; readonly greatest: number } {
  let least = Infinity;
  let greatest = -Infinity;
  for (let index = start; index < end; index++) {
    const sample = Number.isFinite(samples[index]) ? samples[index]! : 0;
    if (sample < least) least = sample;
    if (sample > greatest) greatest = sample;
  }
  return least > greatest ? { least: 0, greatest: 0 } : { least, greatest };
}
