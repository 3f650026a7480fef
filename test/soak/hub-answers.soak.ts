import { readDeclaration } from "../../src/catalogue/license-declaration.ts";
import { parseModelCard } from "../../src/catalogue/model-card.ts";
import { HubError } from "../../src/core/index.ts";
import { repositoryFolder } from "../../src/hub/cache-layout.ts";
import { openHttpSource } from "../../src/hub/http-source.ts";
import { resolveHubOptions } from "../../src/hub/hub-options.ts";
import { listRepository } from "../../src/hub/list-repository.ts";
import { resolveRevision } from "../../src/hub/resolve-revision.ts";
import { selectFiles } from "../../src/hub/select-files.ts";
import { fuzz } from "./fuzz.ts";

const commit = "c".repeat(40);
const digest = "d".repeat(64);
/** Between the parts of an input: the head of every answer, then bodies. */
const border = "\n~~\n";

const revision = { id: "org/x", sha: commit, cardData: { license: "mit", base_model: ["org/base"] }, tags: ["license:mit"], gated: false };
const config = { model_type: "musicgen", audio_encoder: { _name_or_path: "facebook/encodec_32khz" } };
const index = { weight_map: { "audio_encoder.a": "model-1.safetensors", "decoder.b": "model-2.safetensors" } };
const entry = { type: "file", path: "config.json", size: 9, oid: commit };
const weights = { ...entry, path: "model.safetensors", size: 200, lfs: { oid: digest, size: 4, pointerSize: 134 } };
const shards = ["config.json", "model.safetensors.index.json", "model-1.safetensors"].map((path) => ({ ...entry, path }));
const head = `206\ncontent-range: bytes 0-3/4\netag: "${digest}"\nx-linked-etag: "${digest}"\nx-linked-size: 4\ncontent-type: application/json\nx-error-code: GatedRepo\nretry-after: 0`;
const card = "---\nlicense: other\nlicense_name: x\nbase_model:\n- org/base\n---\n# X\n";

function seedOf(...bodies: readonly (object | string)[]): Uint8Array {
  return Buffer.from([head, ...bodies.map((body) => (typeof body === "string" ? body : JSON.stringify(body)))].join(border));
}

function responseOf(status: number, headers: Headers, body: string): Response {
  const isEmpty = status === 204 || status === 205 || status === 304;
  return new Response(isEmpty ? null : body, { status, headers });
}

/** The first line is the status; the others are headers, those that no header can be left out. */
function headOf(text: string): { readonly status: number; readonly headers: Headers } {
  const [first = "", ...lines] = text.split("\n");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    try {
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    } catch {
      continue;
    }
  }
  const status = Number.parseInt(first, 10);
  return { status: status >= 200 && status <= 599 ? status : 200, headers };
}

fuzz({
  name: "Hub answers",
  seeds: [
    seedOf(revision, [entry, weights], config, card),
    seedOf(revision, shards, config, card, index),
    seedOf({ ...revision, cardData: null, gated: "auto" }, [entry, weights], {}, "no card"),
  ],
  dictionary: [
    '"sha":',
    '"cardData":',
    "null",
    '"lfs":',
    '"weight_map":',
    'link: <https://hub.example/next>; rel="next"',
    "x-error-code: EntryNotFound",
    "401",
    "429",
    "500",
    "302",
    "---\n",
    "&a ",
    "*a",
    "? ",
    "../",
    "[[[[",
    border,
  ],
  async parse(bytes) {
    const [first = "", revisionBody = "", treeBody = "", configText = "", readme = "", indexText = ""] = Buffer.from(bytes)
      .toString("latin1")
      .split(border);
    const { status, headers } = headOf(first);
    let numRequests = 0;
    const fetch = async (input: string | URL | Request): Promise<Response> => {
      if (++numRequests > 200) throw new Error("more requests than there may be");
      const url = String(input);
      return responseOf(status, headers, url.includes("/revision/") ? revisionBody : url.includes("/tree/") ? treeBody : "data");
    };
    const settings = {
      ...resolveHubOptions({
        endpoint: "https://hub.example",
        cacheDir: "/nonexistent",
        env: {},
        token: null,
        revision: commit,
        maxRetries: 1,
        retryDelay: 0,
      }),
      fetch: fetch as typeof globalThis.fetch,
    };
    const { info } = await resolveRevision(settings, repositoryFolder(settings.cacheDir, "org/x"));
    const listed = await listRepository(settings, "org/x", commit);
    const files = new Map([...listed].map(([name, file]) => [name, file.bytes]));
    const selection = await selectFiles(
      { name: "org/x", files, readText: async (name) => (name === "config.json" ? configText : indexText) },
      true,
    );
    parseModelCard(readme);
    readDeclaration({ id: info.id, revision: commit, readme, api: info, digests: [], config: null }, "2026-01-01");
    const file = listed.get(selection.weights[0]!)!;
    if (file.bytes !== 4) return;
    const source = await openHttpSource(settings, "org/x", commit, file);
    if (Buffer.from(await source.read(0, 4)).toString() !== "data") throw new HubError("HUB_UNEXPECTED_ANSWER", "other bytes");
  },
});
