/**
 * Orders texts as their UTF-8 bytes are ordered, as `LC_ALL=C sort` does. JavaScript's own order of UTF-16 units
 * differs from it where characters beyond U+FFFF, written as surrogates, meet those from U+E000.
 */
export function compareBytewise(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rankOf(a.charCodeAt(i)) - rankOf(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** A UTF-16 unit, with surrogates above all others. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
