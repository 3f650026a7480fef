/** Samples that are decoded in one go, of all channels together: a second or so, some milliseconds of work. */
const BATCH_SIZE = 2 ** 16;
/** Items that are decoded in one go, however little they decode to. */
const BATCH_ITEMS = 256;

/**
 * Puts what is to be decoded together: enough to be worth a call, little enough to be decoded in one go. A few bytes may
 * stand for any number of samples, so it is these that are counted.
 * @param sizeOf How many samples it decodes to at most, of all channels together.
 */
export async function* inBatches<T>(items: AsyncIterable<T>, sizeOf: (item: T) => number): AsyncGenerator<readonly T[], void> {
  let batch: T[] = [];
  let size = 0;
  for await (const item of items) {
    batch.push(item);
    size += sizeOf(item);
    if (size < BATCH_SIZE && batch.length < BATCH_ITEMS) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield batch;
}
