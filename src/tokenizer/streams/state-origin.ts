import type { Provenance } from "../../core/index.ts";

/** Where the state of a stream comes from: it is of use with the same weights only. */
export interface StateOrigin {
  /** Version of the state's form. */
  readonly version: 1;
  /** SHA-256 of the weights, or name and commit of the model where that is not known. */
  readonly weights: string;
}

/** The origin of the states of one model's streams. */
export function stateOrigin({ model, revision, digest }: Provenance): StateOrigin {
  return { version: 1, weights: digest ?? `${model}@${revision}` };
}

/** @throws RangeError for the state of another model's stream, or of another version of this package. */
export function checkOrigin(state: StateOrigin, provenance: Provenance, kind: "encoder" | "decoder"): void {
  if (typeof state !== "object" || state === null) {
    throw new RangeError(`a state is what ${kind}.state gave; received ${state === null ? "null" : typeof state}`);
  }
  const { version, weights } = stateOrigin(provenance);
  if (state.version !== version) throw new RangeError(`the state has version ${state.version}; this package reads version ${version}`);
  if (state.weights !== weights) {
    throw new RangeError(
      `the state is of ${kind === "encoder" ? "an encoder" : "a decoder"} of another model, ${state.weights}; this one is ${weights}`,
    );
  }
}

/** Whether a count, perhaps from outside, is one. */
export function isCount(value: number | undefined): boolean {
  return Number.isSafeInteger(value) && value! >= 0;
}
