/** Samples that are decoded in one go, of all channels together: a second or so, some milliseconds of work. */
const fullBatchSize = 2 ** 16;
/** Items of a batch, however few samples they have. */
const maxBatchItems = 256;

/**
 * Puts together what is to be decoded, or joined: enough to be worth a call, little enough to be done in one go. A few bytes may
 * stand for any number of samples, and any number of bytes for none.
 * @param sizeOf How many samples it has, or decodes to at most, of all channels together; or its bytes, if these are more.
 * @param batchSize With so many of them a batch is full.
 */
export async function* inBatches<T>(
  items: AsyncIterable<T>,
  sizeOf: (item: T) => number,
  batchSize: number = fullBatchSize,
): AsyncGenerator<readonly T[], void> {
  let batch: T[] = [];
  let size = 0;
  for await (const item of items) {
    batch.push(item);
    size += sizeOf(item);
    if (size < batchSize && batch.length < maxBatchItems) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield batch;
}
