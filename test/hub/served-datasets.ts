import { createHash } from "node:crypto";

/** A file of a dataset repository. */
interface StoredFile {
  readonly bytes: Uint8Array;
  readonly isLfs: boolean;
}

/** A request to change a repository, or to look at one. */
export interface DatasetRequest {
  readonly method: string;
  /** Without query. */
  readonly route: string;
  readonly body: Buffer;
}

export interface DatasetAnswer {
  readonly status?: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Files over this go to LFS, as do all with these extensions. The Hub's own rule is like it: by size, extension and content. */
const lfsBytes = 100_000;
const lfsExtensions = /\.(?:tar|parquet|npy|bin|idx)$/u;

/** Dataset repositories that can be created, listed and committed to, as the Hub's API has it. Source of the routes: @huggingface/hub `lib/commit.ts`, `lib/create-repo.ts`. */
export class ServedDatasets {
  readonly repositories = new Map<string, Map<string, StoredFile>>();
  /** What repositories were asked to be: `public`, `private`, undefined for what the account has. */
  readonly visibilities = new Map<string, string | undefined>();
  /** Titles of the commits of all repositories. */
  readonly commits: string[] = [];
  /** What was uploaded to the storage, by SHA-256. */
  readonly #objects = new Map<string, Uint8Array>();
  readonly #storage: () => string;

  constructor(storage: () => string) {
    this.#storage = storage;
  }

  /** The text of a file. */
  textOf(id: string, name: string): string {
    return Buffer.from(this.repositories.get(id)!.get(name)!.bytes).toString("utf8");
  }

  /** The answer of the Hub itself; undefined for routes of others. */
  answer({ method, route, body }: DatasetRequest, authorization: string | undefined): DatasetAnswer | undefined {
    const { id, action } =
      /^\/api\/datasets\/(?<id>[^/]+\/[^/]+)\/(?<action>tree|preupload|commit)\/main$/u.exec(route)?.groups ??
      /^\/datasets\/(?<id>[^/]+\/[^/]+)\.git\/info\/lfs\/(?<action>objects)\/batch$/u.exec(route)?.groups ??
      (route === "/api/repos/create" ? { id: "", action: "create" } : {});
    if (id === undefined) return undefined;
    if (method !== "GET" && authorization === undefined) return { status: 401, body: "Invalid username or password." };
    if (action === "create") return this.#create(JSON.parse(body.toString()) as CreateRequest);
    const files = this.repositories.get(id);
    if (files === undefined)
      return {
        status: 404,
        body: "Repository not found",
        headers: { "x-error-code": "RepoNotFound", "x-error-message": "Repository not found" },
      };
    if (action === "tree") return json([...files].map(([path, file]) => entryOf(path, file)));
    if (action === "preupload")
      return json({ files: preupload(JSON.parse(body.toString()) as { files: { path: string; size: number }[] }) });
    if (action === "objects")
      return json({ transfer: "basic", objects: this.#batch(JSON.parse(body.toString()) as { objects: LfsObject[] }) });
    return this.#commit(files, body);
  }

  /** Takes an upload. */
  store(digest: string, body: Buffer): DatasetAnswer {
    if (sha256(body) !== digest) return { status: 400, body: "BadDigest" };
    this.#objects.set(digest, Uint8Array.from(body));
    return { body: "", headers: { etag: `"${digest}"` } };
  }

  #create({ organization, name, type, visibility }: CreateRequest): DatasetAnswer {
    const id = `${organization}/${name}`;
    if (type !== "dataset" || this.repositories.has(id)) return { status: 409, body: "exists" };
    this.visibilities.set(id, visibility);
    this.repositories.set(id, new Map([[".gitattributes", { bytes: Buffer.from("*.tar filter=lfs\n"), isLfs: false }]]));
    return json({ url: `https://huggingface.co/datasets/${id}`, id, name: id });
  }

  #batch({ objects }: { readonly objects: readonly LfsObject[] }): unknown {
    return objects.map(({ oid, size }) =>
      this.#objects.has(oid) ? { oid, size } : { oid, size, actions: { upload: { href: `${this.#storage()}/upload/${oid}` } } },
    );
  }

  /** As on the Hub, all files of a commit are there afterwards, or none. */
  #commit(files: Map<string, StoredFile>, body: Buffer): DatasetAnswer {
    const lines = body
      .toString()
      .split("\n")
      .map((line) => JSON.parse(line) as CommitLine);
    const added: [string, StoredFile][] = [];
    const deleted: string[] = [];
    for (const { key, value } of lines) {
      if (key === "header") continue;
      if (key === "deletedFile") {
        deleted.push(value.path ?? "");
        continue;
      }
      const bytes = key === "lfsFile" ? this.#objects.get(value.oid ?? "") : Buffer.from(value.content ?? "", "base64");
      if (bytes === undefined) return { status: 400, body: `no object ${value.oid} was uploaded` };
      added.push([value.path ?? "", { bytes, isLfs: key === "lfsFile" }]);
    }
    for (const path of deleted) files.delete(path);
    for (const [path, file] of added) files.set(path, file);
    this.commits.push(lines[0]!.value.summary ?? "");
    const oid = createHash("sha1").update(String(this.commits.length)).digest("hex");
    return json({ success: true, commitOid: oid, commitUrl: `https://huggingface.co/${oid}`, hookOutput: "" });
  }
}

interface CreateRequest {
  readonly organization: string;
  readonly name: string;
  readonly type: string;
  readonly visibility?: string;
}

interface LfsObject {
  readonly oid: string;
  readonly size: number;
}

interface CommitLine {
  readonly key: "header" | "lfsFile" | "file" | "deletedFile";
  readonly value: { readonly summary?: string; readonly path?: string; readonly oid?: string; readonly content?: string };
}

function preupload({ files }: { readonly files: readonly { readonly path: string; readonly size: number }[] }): unknown {
  return files.map(({ path, size }) => ({ path, uploadMode: size > lfsBytes || lfsExtensions.test(path) ? "lfs" : "regular" }));
}

function entryOf(path: string, { bytes, isLfs }: StoredFile): unknown {
  const size = bytes.byteLength;
  const oid = createHash("sha1").update(`blob ${size}\0`).update(bytes).digest("hex");
  return { type: "file", path, size, oid, ...(isLfs ? { lfs: { oid: sha256(bytes), size, pointerSize: 134 } } : {}) };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function json(value: unknown): DatasetAnswer {
  return { body: JSON.stringify(value), headers: { "content-type": "application/json; charset=utf-8" } };
}
