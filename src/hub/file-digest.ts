import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/**
 * The digest under which the Hub knows a file: the SHA-256 of its bytes where it is stored with Git LFS, and git's name of
 * the blob (SHA-1 over a header and the bytes) where it is not.
 */
export interface FileDigest {
  readonly algorithm: "sha256" | "git-sha1";
  /** 64 or 40 lower-case hexadecimal digits. */
  readonly hex: string;
}

/** A digest in the making. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** The digest in lower-case hexadecimal; to be called once. */
  hex(): string;
}

/** The digest that a name stands for: 64 hexadecimal digits are a SHA-256, 40 a git blob, anything else is no digest. */
export function parseDigest(name: string): FileDigest | undefined {
  if (/^[0-9a-f]{64}$/u.test(name)) return { algorithm: "sha256", hex: name };
  return /^[0-9a-f]{40}$/u.test(name) ? { algorithm: "git-sha1", hex: name } : undefined;
}

/** Starts a digest. @param size Length of the file in bytes, which git hashes first. */
export function createHasher(algorithm: FileDigest["algorithm"], size: number): Hasher {
  const hash = algorithm === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
  return {
    update(bytes) {
      hash.update(bytes);
    },
    hex: () => hash.digest("hex"),
  };
}

/** Feeds a file's bytes to a hasher. @param signal Stops it; the call rejects with its reason. */
export async function hashFile(path: string, hasher: Hasher, signal: AbortSignal | undefined): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    signal?.throwIfAborted();
    hasher.update(chunk as Uint8Array);
  }
}
