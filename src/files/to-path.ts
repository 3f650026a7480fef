import { fileURLToPath } from "node:url";
import { isAddress, shownAddress } from "../core/index.ts";

/**
 * The path that a caller gave as such or as a `file:` URL.
 * @throws TypeError for addresses on the web, and anything else.
 */
export function toPath(source: string | URL): string {
  if (typeof source === "string") {
    if (!isAddress(source)) return source;
    if (!URL.canParse(source)) throw wrongScheme(source);
    return toPath(new URL(source));
  }
  if (!(source instanceof URL)) throw new TypeError(`expected a path, a file: URL or bytes; received ${typeof source}`);
  if (source.protocol !== "file:") throw wrongScheme(source.href);
  try {
    return fileURLToPath(source);
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw new TypeError(`${source.href.slice(0, 200)} has a % that stands for nothing; write %25 for it`, { cause });
  }
}

function wrongScheme(url: string): TypeError {
  return new TypeError(`expected a path or a file: URL; received ${shownAddress(url)}. Download it first, or pass the bytes`);
}
