/** What work may take of something, such as bytes of memory; who asks for more than there is waits for its turn. */
export class Budget {
  readonly #limit: number;
  readonly #waiting: { readonly amount: number; readonly begin: () => void }[] = [];
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes an amount, in the order of the calls. More than the whole budget is given when nothing else is taken. */
  async take(amount: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(amount)) this.#used += amount;
    else await new Promise<void>((begin) => this.#waiting.push({ amount, begin }));
  }

  /** Gives an amount back. */
  give(amount: number): void {
    this.#used -= amount;
    while (this.#waiting.length > 0 && this.#fits(this.#waiting[0]!.amount)) {
      const { amount: next, begin } = this.#waiting.shift()!;
      this.#used += next;
      begin();
    }
  }

  #fits(amount: number): boolean {
    return this.#used === 0 || this.#used + amount <= this.#limit;
  }
}
