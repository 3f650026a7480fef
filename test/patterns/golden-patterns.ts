import { readFileSync } from "node:fs";
import type { PatternSpec } from "../../src/patterns/layout/pattern-spec.ts";

/** One case of audiocraft's own patterns; `codes[q][t]` is `100 * q + t`. */
export interface AudiocraftCase {
  readonly id: string;
  readonly impl: "audiocraft";
  readonly provider: "parallel" | "delay" | "unroll" | "coarse_first" | "musiclm";
  readonly params: Readonly<Record<string, number | number[]>>;
  readonly n_q: number;
  readonly timesteps: number;
  readonly special_token: number;
  readonly keep_only_valid_steps: boolean;
  readonly codes: number[][];
  readonly layout: [number, number][][];
  readonly num_sequence_steps: number;
  readonly max_delay: number;
  readonly valid_steps: number;
  readonly starts_with_special_token: boolean;
  readonly first_step_with_timestep: (number | null)[];
  readonly sequence: number[][];
  readonly mask: number[][];
  readonly sequence_steps: number;
  readonly revert_steps?: number;
  readonly reverted: number[][];
  readonly reverted_mask: number[][];
  readonly logits_reverted: number[][];
  readonly logits_mask: number[][];
  readonly error?: { readonly stage: string; readonly type: string } | null;
}

/** Every case of the reference results, of all implementations. */
export const patternCases: readonly { readonly id: string; readonly impl: string }[] = (
  JSON.parse(readFileSync(new URL("../fixtures/patterns.json", import.meta.url), "utf8")) as { cases: { id: string; impl: string }[] }
).cases;

export const audiocraftCases: readonly AudiocraftCase[] = patternCases.filter(
  ({ impl }) => impl === "audiocraft",
) as unknown as AudiocraftCase[];

/** The same pattern in this library's words. */
export function specOf({ provider, params, n_q }: Pick<AudiocraftCase, "provider" | "params" | "n_q">): PatternSpec {
  const renamed = Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]),
  );
  return { kind: provider.replace("_", "-"), numCodebooks: n_q, ...renamed } as unknown as PatternSpec;
}
