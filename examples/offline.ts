// Loads a checkpoint without a network, by branch name, from the cache that Python's huggingface_hub uses as well.
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AudioTokenizer, HubError } from "encodec-tokenizer";

// In place of an earlier download: the embedded checkpoint, laid into a cache of its own as `hf download` would.
const commit = "0123456789abcdef0123456789abcdef01234567";
const cacheDir = await mkdtemp(join(tmpdir(), "hub-cache-"));
const folder = join(cacheDir, "models--acme--tiny");
await mkdir(join(folder, "refs"), { recursive: true });
await writeFile(join(folder, "refs", "main"), commit);
await cp(fileURLToPath(new URL("../models/encodec-tiny-24khz", import.meta.url)), join(folder, "snapshots", commit), { recursive: true });

// HF_HUB_OFFLINE=1 does the same as `offline: true`.
await using tokenizer = await AudioTokenizer.fromPretrained("acme/tiny", { offline: true, cacheDir });
console.log(
  `${tokenizer.provenance.model} at ${tokenizer.provenance.revision}: ${tokenizer.sampleRate} Hz, ${tokenizer.numQuantizers} codebooks`,
);

try {
  await AudioTokenizer.fromPretrained("facebook/encodec_24khz", { offline: true, cacheDir });
} catch (error) {
  if (!(error instanceof HubError)) throw error;
  console.log(`${error.code}: ${error.message}`);
}
await rm(cacheDir, { recursive: true });
