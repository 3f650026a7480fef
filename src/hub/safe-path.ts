import { HubError } from "../core/index.ts";

/** Most characters in a part of a path, as file systems have it. */
const maxPartLength = 255;

/**
 * The parts of a path that comes from outside (the name of a file in a repository, or of a branch), once they are
 * known to lead downwards on every system: no absolute path, `..`, drive letter, device name, backslash or control character.
 * @throws HubError with code HUB_UNSAFE_NAME for all others.
 */
export function safePathParts(path: string): readonly string[] {
  const parts = path.split("/");
  if (!parts.every(isSafePart)) {
    throw new HubError("HUB_UNSAFE_NAME", `${JSON.stringify(path.slice(0, 200))} could lead out of the cache folder; it is not used as a path`);
  }
  return parts;
}

function isSafePart(part: string): boolean {
  return (
    part !== "" &&
    part.length <= maxPartLength &&
    // Dots and spaces at the end are dropped by Windows, which makes `.. ` another `..`.
    !/[. ]$/u.test(part) &&
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    !/[\u0000-\u001f\u007f\\:*?"<>|]/u.test(part) &&
    !/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/iu.test(part)
  );
}
