import { z } from "zod";
import { printable } from "../core/index.ts";

/** A request for the places of files, as Git LFS has it. Source: git-lfs `docs/api/batch.md`. */
const requestSchema = z.object({ objects: z.array(z.object({ oid: z.string(), size: z.number() })) });

/** What a server says of these files: whether it has them, or where they go, in one piece or in numbered parts. */
const answerSchema = z.object({
  objects: z.array(
    z.object({
      oid: z.string(),
      error: z.object({ message: z.string().optional() }).nullish(),
      actions: z
        .object({ upload: z.object({ href: z.string(), header: z.record(z.string(), z.unknown()).nullish() }).nullish() })
        .nullish(),
    }),
  ),
});

/**
 * A `fetch` for the client's uploads, which holds answers against what was asked: no file is uploaded that was not to be, or more often, and parts are
 * all that there are. The client does some of that too, but may lose an error while it has something else to report, and then waits for ever.
 * @param refuse Makes the error for an answer, in a few words.
 */
export function checkingUploads(fetch: typeof globalThis.fetch, refuse: (found: string) => Error): typeof globalThis.fetch {
  const parts = new Set<string>();
  return async (input, init) => {
    const response = await fetch(input, init);
    const address = String(input);
    if (address.endsWith("/info/lfs/objects/batch")) {
      for (const part of partsOf(String(init?.body), await response.clone().json(), refuse)) parts.add(part);
    }
    if (parts.has(address) && response.headers.get("etag") === null) throw refuse("no ETag for a part of a file");
    return response;
  };
}

/** The addresses of all parts. */
function partsOf(request: string, answer: unknown, refuse: (found: string) => Error): readonly string[] {
  const asked = requestSchema.parse(JSON.parse(request)).objects;
  const { success, data } = answerSchema.safeParse(answer);
  if (!success) throw refuse("something that cannot be read");
  return data.objects.flatMap(({ oid, error, actions }) => {
    const position = asked.findIndex((each) => each.oid === oid);
    if (position === -1) throw refuse("places for files that it was not asked about");
    const { size } = asked.splice(position, 1)[0]!;
    if (error !== null && error !== undefined) throw refuse(`an error for a file (${printable(error.message ?? "")})`);
    const header = actions?.upload?.header;
    if (header?.["chunk_size"] === undefined) return [];
    const count = Math.ceil(size / Number.parseInt(String(header["chunk_size"]), 10));
    const numbered = Object.entries(header).filter(([key]) => /^\d+$/u.test(key)); // 1 or 00001
    const numbers = new Set(numbered.map(([key]) => Number(key)));
    const isWhole =
      count >= 1 && numbered.length === count && numbers.size === count && [...numbers].every((number) => number >= 1 && number <= count);
    if (!isWhole) throw refuse("parts that are not those of a file");
    return numbered.map(([, part]) => String(part));
  });
}
