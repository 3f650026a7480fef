interface NumberArray {
  readonly length: number;
  set(numbers: ArrayLike<number>, at: number): void;
}

/** Arrays one after the other, as an array of its own. @param Numbers What they are, such as `Float32Array`. */
export function joinArrays<Joined extends NumberArray & ArrayLike<number>>(
  parts: readonly Joined[],
  Numbers: new (length: number) => Joined,
): Joined {
  const joined = new Numbers(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
