/**
 * Checks that a number counts something.
 * @param max Inclusive, as `min` is. By default none.
 * @throws RangeError naming the number and what it may be.
 */
export function checkCount(name: string, count: number, min: number, max: number = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(count) && count >= min && count <= max) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`;
  throw new RangeError(`${name} must be a whole number${range}; received ${count}`);
}
