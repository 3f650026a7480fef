import { Writable } from "node:stream";
import { runCommandLine } from "../../src/cli/program.ts";

export interface Outcome {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface World {
  readonly stdin?: Uint8Array;
  readonly signal?: AbortSignal;
  /** Whether standard error is a terminal, which shows bars. */
  readonly isTTY?: boolean;
  /** Makes standard output a terminal of this width. */
  readonly columns?: number;
}

/** Runs a command line within this process, on streams of its own. */
export async function run(args: readonly string[], world: World = {}): Promise<Outcome> {
  const { stdin = new Uint8Array(0), signal = new AbortController().signal, isTTY = false, columns } = world;
  const [stdout, stderr] = [collector(), collector()];
  const code = await runCommandLine(args, {
    stdin: inPieces(stdin),
    stdout: Object.assign(stdout.stream, columns === undefined ? {} : { isTTY: true, columns }),
    stderr: Object.assign(stderr.stream, { isTTY }),
    signal,
  });
  return { code, stdout: stdout.bytes(), stderr: stderr.bytes().toString() };
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 10_000) yield bytes.subarray(start, start + 10_000);
}

function collector(): { readonly stream: Writable; bytes(): Buffer } {
  const parts: Buffer[] = [];
  const stream = new Writable({
    write(part: Buffer, _, done) {
      parts.push(Buffer.from(part));
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(parts) };
}
