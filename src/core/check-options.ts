import { printable } from "./printable.ts";

/** The names of options: an object, so that the compiler asks for all of them and for no other. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Checks that options are known by the names that they are given under, which only TypeScript does otherwise: one that is misspelt would be ignored. Options that are
 * `undefined` do not count.
 * @param call What takes them, for the message: `encode`.
 * @throws TypeError naming the first that is not known, and the known one that is most like it.
 */
export function checkOptions<Options extends object>(call: string, options: Options, names: OptionNames<Options>): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`${call} takes its options as an object; received ${String(options)}`);
  const known = Object.keys(names);
  const stray = Object.entries(options).find(([name, value]) => value !== undefined && !Object.hasOwn(names, name))?.[0];
  if (stray === undefined) return;
  const nearest = known.toSorted((a, b) => distance(a, stray) - distance(b, stray))[0];
  const guess = nearest !== undefined && distance(nearest, stray) <= nearest.length / 2 ? `; did you mean ${nearest}?` : ".";
  throw new TypeError(`${call} has no option ${printable(stray)}${guess} It takes ${known.toSorted().join(", ")}`);
}

/** How many letters have to be changed, added or left out to make one word of another, whatever their case. Long words are cut. */
function distance(one: string, other: string): number {
  const [a, b] = [one, other].map((word) => word.slice(0, 64).toLowerCase().replaceAll(/[-_]/gu, "")) as [string, string];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
