import { fileDownloadInfo } from "@huggingface/hub";
import { HubError, IntegrityError } from "../core/index.ts";
import { parseDigest } from "./file-digest.ts";
import type { Subject } from "./answer-errors.ts";
import { ask } from "./hub-fetch.ts";
import type { HubSettings } from "./hub-options.ts";
import type { RepositoryFile } from "./list-repository.ts";

/** The client puts a name into the address as it is, where `%` and `#` would mean something else. */
function inAddress(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}

/**
 * An answer with all the headers that the client insists on. A server that knows no ranges says no length, and some name no `ETag`: then there is nothing to
 * hold against the listing before the bytes are there. Nor is an `ETag` that looks like git's SHA-1, unless the Hub wrote it: Artifactory has that of the bytes.
 */
function completed(response: Response, { bytes }: RepositoryFile): Response {
  const headers = new Headers(response.headers);
  if (!headers.has("content-range")) headers.set("content-range", `bytes 0-0/${bytes}`);
  if (!headers.has("etag") || (!headers.has("x-repo-commit") && /^"?[0-9a-f]{40}"?$/u.test(headers.get("etag")!)))
    headers.set("etag", '""');
  return new Response(response.body, { status: response.status, headers });
}

/**
 * The address of a file, once the server has confirmed what the listing says about it.
 * @throws IntegrityError if it has another size or digest.
 */
export async function locateFile(settings: HubSettings, subject: Subject, file: RepositoryFile): Promise<string> {
  const { id, revision } = subject;
  const where = `${file.name} of ${id} at ${revision}`;
  const info = await ask(settings, subject, (fetch) =>
    fileDownloadInfo({
      repo: { type: "model", name: id },
      revision,
      path: inAddress(file.name),
      hubUrl: settings.endpoint,
      fetch: async (input, init) => completed(await fetch(input, init), file),
    }),
  );
  if (info === null) throw new HubError("HUB_FILE_NOT_FOUND", `${id} has no file ${file.name} at ${revision}`);
  if (info.size !== file.bytes) {
    const message = `${where} has ${info.size} bytes where it lies; the listing says ${file.bytes}`;
    throw new IntegrityError(file.name, file.bytes, info.size, message);
  }
  const digest = parseDigest(info.etag.replace(/^(?:W\/)?"(.*)"$/u, "$1"));
  if (digest?.algorithm === file.digest.algorithm && digest.hex !== file.digest.hex) {
    const message = `${where} has the ${digest.algorithm} ${digest.hex} where it lies; the listing says ${file.digest.hex}`;
    throw new IntegrityError(file.name, file.digest.hex, digest.hex, message);
  }
  return info.url;
}
