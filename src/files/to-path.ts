import { fileURLToPath } from "node:url";

/**
 * The path that a caller gave as such or as a `file:` URL.
 * @throws TypeError for addresses on the web, and anything else.
 */
export function toPath(source: string | URL): string {
  if (typeof source === "string") {
    if (/^[a-z]+:\/\//i.test(source)) throw wrongScheme(source);
    return source;
  }
  if (!(source instanceof URL)) throw new TypeError(`expected a path, a file: URL or bytes; received ${typeof source}`);
  if (source.protocol !== "file:") throw wrongScheme(source.href);
  return fileURLToPath(source);
}

function wrongScheme(url: string): TypeError {
  return new TypeError(`expected a path or a URL object with file:; received ${url}. Download it first and pass the bytes`);
}
