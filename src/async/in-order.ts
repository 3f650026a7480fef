import { Change } from "./change.ts";

/**
 * Works on many items at a time and gives the results in the order of the items.
 * @param admit Waits until there is room for an item.
 * @param work Begun as soon as an item is admitted, with what `admit` gave for it.
 * @param ahead The most results that are under way or wait to be taken.
 * @param weigh How many results an item counts as; one that counts as more than `ahead` goes alone. By default 1.
 * @param abandon Told that no more results will be taken, so that work that is under way can end; it is waited for.
 */
export async function* inOrder<Item, Admission, Result>(
  items: AsyncIterable<Item>,
  {
    admit,
    work,
    ahead,
    weigh = () => 1,
    abandon,
  }: {
    readonly admit: (item: Item) => Promise<Admission>;
    readonly work: (item: Item, admission: Admission) => Promise<Result>;
    readonly ahead: number;
    readonly weigh?: ((item: Item) => number) | undefined;
    readonly abandon?: (() => void) | undefined;
  },
): AsyncGenerator<Result, void> {
  const results: { readonly result: Promise<Result>; readonly weight: number }[] = [];
  const change = new Change();
  const state = { isOver: false, held: 0 };
  const feeding = (async () => {
    for await (const item of items) {
      const weight = weigh(item);
      while (results.length > 0 && state.held + weight > ahead && !state.isOver) await change.wait();
      if (state.isOver) return;
      const result = work(item, await admit(item));
      result.catch(() => {}); // whoever takes it hears of it
      results.push({ result, weight });
      state.held += weight;
      change.announce();
    }
  })().finally(() => {
    state.isOver = true;
    change.announce();
  });
  feeding.catch(() => {});
  try {
    for (;;) {
      while (results.length === 0 && !state.isOver) await change.wait();
      if (results.length === 0) break;
      yield await results[0]!.result;
      state.held -= results.shift()!.weight;
      change.announce();
    }
    await feeding;
  } finally {
    abandon?.();
    state.isOver = true;
    change.announce();
    await Promise.allSettled([feeding, ...results.map(({ result }) => result)]);
  }
}
