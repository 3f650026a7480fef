/** A mark on an axis. */
export interface Tick {
  readonly value: number;
  readonly label: string;
}

/**
 * Round values from `low` to `high`, at steps of 1, 2 or 5 times a power of ten.
 * @param atMost The most ticks to give, at least 2.
 */
export function ticksBetween(low: number, high: number, atMost: number): readonly Tick[] {
  const roughStep = (high - low) / atMost;
  const power = 10 ** Math.floor(Math.log10(roughStep));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= roughStep) ?? 10);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  // A millionth of a step makes up for sums like 0.1 + 0.2.
  const first = Math.ceil(low / step - 1e-6);
  const last = Math.floor(high / step + 1e-6);
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const value = (first + index) * step;
    return { value, label: value.toFixed(decimals).replace("-", "−") };
  });
}
