/** Red, green and blue, 0…255 each. */
export type Colour = readonly [red: number, green: number, blue: number];

/**
 * Viridis at equal steps from 0 to 1: perceptually uniform, and readable without colour vision or in grey.
 * Source: matplotlib `_cm_listed.py`, `_viridis_data`, every 16th entry and the last, × 255.
 */
const anchors: readonly Colour[] = [
  [68, 1, 84],
  [72, 24, 106],
  [71, 45, 123],
  [66, 64, 134],
  [59, 82, 139],
  [51, 99, 141],
  [44, 114, 142],
  [38, 130, 142],
  [33, 145, 140],
  [31, 160, 136],
  [40, 174, 128],
  [63, 188, 115],
  [94, 201, 98],
  [132, 212, 75],
  [173, 220, 48],
  [216, 226, 25],
  [253, 231, 37],
];

/**
 * The colour of a value, between the nearest two anchors.
 * @param value 0…1; beyond, the ends' colours.
 */
export function viridis(value: number): Colour {
  const position = Math.min(1, Math.max(0, value)) * (anchors.length - 1);
  const index = Math.min(anchors.length - 2, Math.floor(position));
  const share = position - index;
  const [low, high] = [anchors[index]!, anchors[index + 1]!];
  const mix = (channel: 0 | 1 | 2) => Math.round(low[channel] + share * (high[channel] - low[channel]));
  return [mix(0), mix(1), mix(2)];
}
