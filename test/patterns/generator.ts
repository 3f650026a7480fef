/** The generator of random numbers, uniform in 0…1, that also drove the references: a linear congruential one. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = Number((BigInt(state) * 1_103_515_245n + 12_345n) % 2_147_483_648n);
    return state / 2_147_483_648;
  };
}
