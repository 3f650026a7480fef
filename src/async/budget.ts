/** An amount that was taken of a budget, given back when it is disposed. */
export class Lease implements Disposable {
  #amount: number;
  readonly #use: (change: number) => void;

  constructor(amount: number, use: (change: number) => void) {
    this.#amount = amount;
    this.#use = use;
  }

  /** Gives back what is more than is needed after all, or takes what is missing without waiting. */
  resize(amount: number): void {
    const change = amount - this.#amount;
    this.#amount = amount;
    this.#use(change);
  }

  [Symbol.dispose](): void {
    this.resize(0);
  }
}

/** What work may take of something, such as bytes of memory; who asks for more than there is waits for its turn. */
export class Budget {
  readonly #limit: number;
  readonly #waiting: { readonly amount: number; readonly begin: () => void }[] = [];
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes an amount, in the order of the calls. More than the whole budget is given when nothing else is taken. */
  async take(amount: number): Promise<Lease> {
    if (this.#waiting.length === 0 && this.#fits(amount)) this.#used += amount;
    else await new Promise<void>((begin) => this.#waiting.push({ amount, begin }));
    return new Lease(amount, (change) => this.#use(change));
  }

  #use(change: number): void {
    this.#used += change;
    while (this.#waiting.length > 0 && this.#fits(this.#waiting[0]!.amount)) {
      const { amount, begin } = this.#waiting.shift()!;
      this.#used += amount;
      begin();
    }
  }

  #fits(amount: number): boolean {
    return this.#used === 0 || this.#used + amount <= this.#limit;
  }
}
