interface NumberedLine {
  /** Number of the line, from 1. */
  readonly number: number;
  readonly problem?: string | undefined;
}

export interface TextLine extends NumberedLine {
  /** The line without its line break; undefined for a line with a problem. */
  readonly text: string | undefined;
}

export interface ByteLine extends NumberedLine {
  /** The line without its LF; undefined for a line with a problem. */
  readonly bytes: Uint8Array | undefined;
}

/** The problem of a line with other bytes. */
export const notUtf8 = "it is not UTF-8; save the file as UTF-8";

/** A longer line is none that a person meant to write. */
const mostLineBytes = 2 ** 20;

/**
 * Splits UTF-8 into lines, ended by LF or CR LF; a byte order mark before a line is dropped. A line that is not UTF-8, or
 * too long, has a problem in place of its text. Memory holds one chunk and one line.
 * @param maxLineBytes By default 1 MiB.
 */
export function readLines(chunks: AsyncIterable<Uint8Array>, maxLineBytes: number = mostLineBytes): AsyncGenerator<TextLine> {
  return splitLines(chunks, maxLineBytes, textLine);
}

/** Splits bytes into lines, ended by LF. A line that is too long has a problem in place of its bytes. */
export function readByteLines(chunks: AsyncIterable<Uint8Array>, maxLineBytes: number): AsyncGenerator<ByteLine> {
  return splitLines(chunks, maxLineBytes, (line) => line);
}

async function* splitLines<Line>(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
  lineOf: (line: ByteLine) => Line,
): AsyncGenerator<Line> {
  let begun: Uint8Array[] = [];
  let begunLength = 0;
  let number = 0;
  const begin = (bytes: Uint8Array): void => {
    begunLength += bytes.length;
    if (begunLength <= maxLineBytes) begun.push(bytes);
  };
  const end = (): Line => {
    const line = lineOf(byteLine(++number, begun, { length: begunLength, maxLineBytes }));
    begun = [];
    begunLength = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let stop = chunk.indexOf(0x0a); stop !== -1; stop = chunk.indexOf(0x0a, start)) {
      begin(chunk.subarray(start, stop));
      yield end();
      start = stop + 1;
    }
    if (start < chunk.length) begin(chunk.slice(start)); // a copy: the chunk's memory may be used again
  }
  if (begunLength > 0) yield end();
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function byteLine(
  number: number,
  pieces: readonly Uint8Array[],
  { length, maxLineBytes }: { readonly length: number; readonly maxLineBytes: number },
): ByteLine {
  if (length > maxLineBytes) return { number, bytes: undefined, problem: `it has ${length} bytes; at most ${maxLineBytes} are read` };
  return { number, bytes: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces) };
}

function textLine({ number, bytes, problem }: ByteLine): TextLine {
  if (bytes === undefined) return { number, text: undefined, problem };
  try {
    const text = decoder.decode(bytes);
    return { number, text: text.endsWith("\r") ? text.slice(0, -1) : text };
  } catch {
    return { number, text: undefined, problem: notUtf8 };
  }
}
