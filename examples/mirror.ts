// Loads a checkpoint from a mirror of the Hugging Face Hub: here a server of a few lines, on this machine.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AudioTokenizer } from "encodec-tokenizer";

const commit = "0123456789abcdef0123456789abcdef01234567";
const folder = new URL("../models/encodec-tiny-24khz/", import.meta.url);
const files = readdirSync(folder).map((path) => {
  const bytes = readFileSync(new URL(path, folder));
  const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  return { type: "file", path, size: bytes.length, oid };
});

const server = createServer(({ url = "", headers }, response) => {
  const path = url.replace(/\?.*/u, "");
  if (path === "/api/models/acme/tiny/revision/main") return response.end(JSON.stringify({ id: "acme/tiny", sha: commit }));
  if (path === `/api/models/acme/tiny/tree/${commit}`) return response.end(JSON.stringify(files));
  const file = files.find((entry) => path === `/acme/tiny/resolve/${commit}/${entry.path}`);
  if (file === undefined) return response.writeHead(404).end();
  const isProbe = headers.range === "bytes=0-0";
  response.writeHead(isProbe ? 206 : 200, { etag: `"${file.oid}"`, ...(isProbe && { "content-range": `bytes 0-0/${file.size}` }) });
  return response.end(readFileSync(new URL(file.path, folder)).subarray(0, isProbe ? 1 : undefined));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

const cacheDir = await mkdtemp(join(tmpdir(), "hub-cache-"));
await using tokenizer = await AudioTokenizer.fromPretrained("acme/tiny", {
  endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // or HF_ENDPOINT
  token: null,
  cacheDir,
  onProgress: ({ done, total }) => done === total && console.log(`${total} bytes`),
});
const { model, revision, digest } = tokenizer.provenance;
console.log(`${model} at ${revision}: ${tokenizer.sampleRate} Hz, ${tokenizer.numQuantizers} codebooks, SHA-256 ${digest}`);

server.close();
await rm(cacheDir, { recursive: true });
