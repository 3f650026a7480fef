/**
 * The 256 samples of A-law.
 * Source: ITU-T G.711, table 1: a sign, three bits of a segment and four of a step in it, with every other bit inverted; 13 bits, here scaled to ±1.
 */
export const aLawSamples: Float32Array = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const step = 2 * (bits & 15) + 1;
  const magnitude = segment === 0 ? step : (step + 32) << (segment - 1);
  return (bits & 0x80 ? magnitude : -magnitude) / 2 ** 12;
});

/**
 * The 256 samples of µ-law.
 * Source: ITU-T G.711, table 2: a sign, three bits of a segment and four of a step in it, all inverted; 14 bits, here scaled to ±1.
 */
export const muLawSamples: Float32Array = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const magnitude = ((2 * (bits & 15) + 33) << ((bits >> 4) & 7)) - 33;
  return (bits & 0x80 ? -magnitude : magnitude) / 2 ** 13;
});
