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
  // A millionth of a step makes up for sums like 0.1 + 0.2.
  const first = Math.ceil(low / step - 1e-6);
  const last = Math.floor(high / step + 1e-6);
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const value = (first + index) * step;
    return { value, label: labelOf(value, step) };
  });
}

/** Zero and a value of one digit above and below it, for axes that have room for three: about two thirds of the way to ±`limit`. */
export function threeTicks(limit: number): readonly Tick[] {
  const power = 10 ** Math.floor(Math.log10(0.72 * limit));
  const value = Math.floor((0.72 * limit) / power) * power;
  return [-value, 0, value].map((mark) => ({ value: mark, label: labelOf(mark, power) }));
}

/** A number with as many decimals as the step between ticks needs, and a real minus sign. */
function labelOf(value: number, step: number): string {
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return value.toFixed(decimals).replace("-", "−");
}
