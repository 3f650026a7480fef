/** Bytes of memory that work may take; who asks for more than there are waits for its turn. */
export class MemoryBudget {
  readonly #limit: number;
  readonly #waiting: { readonly bytes: number; readonly begin: () => void }[] = [];
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes bytes, in the order of the calls. More than the whole budget is given when nothing else is taken. */
  async take(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(bytes)) this.#used += bytes;
    else await new Promise<void>((begin) => this.#waiting.push({ bytes, begin }));
  }

  /** Gives bytes back. */
  give(bytes: number): void {
    this.#used -= bytes;
    while (this.#waiting.length > 0 && this.#fits(this.#waiting[0]!.bytes)) {
      const { bytes: next, begin } = this.#waiting.shift()!;
      this.#used += next;
      begin();
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#limit;
  }
}
