import * as node from "node:stream/web";

/** A web stream of what an iterable gives, by the type that streams have globally: the DOM's has no `from`. */
export function readableFrom<T>(source: AsyncIterable<T> | Iterable<T>): ReadableStream<T> {
  return node.ReadableStream.from(source) as ReadableStream<T>;
}
