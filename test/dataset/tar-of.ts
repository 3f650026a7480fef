import { pack } from "tar-stream";

/** A tar of members, in their order; numbers are sizes of members full of their position. */
export async function tarOf(members: Readonly<Record<string, string | Uint8Array | number>>): Promise<Uint8Array> {
  const tar = pack();
  for (const [i, [name, contents]] of Object.entries(members).entries()) {
    tar.entry(
      { name, mtime: new Date(0) },
      typeof contents === "string" ? contents : typeof contents === "number" ? Buffer.alloc(contents, i) : Buffer.from(contents),
    );
  }
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
