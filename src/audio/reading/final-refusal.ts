import { AudioFormatError } from "../../core/index.ts";

/** A refusal after which no other decoder is asked: what those make of such a file is known to be wrong. */
export class FinalRefusal extends AudioFormatError {
  override readonly name: string = AudioFormatError.name;
}
