import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { ServedDatasets } from "./served-datasets.ts";

/** A repository as the server has it. */
export interface ServedRepository {
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Names of the files that are stored with Git LFS: on the second host, under their SHA-256. */
  readonly lfs: readonly string[];
  /** Entries of the listing that replace or join the true ones. */
  readonly listing?: readonly Record<string, unknown>[];
  readonly branches?: readonly string[];
  /** The commit of its files, for one that has to be a certain one. */
  readonly commit?: string;
  readonly cardData?: Record<string, unknown>;
  readonly tags?: readonly string[];
  readonly gated?: "auto" | "manual";
  readonly isPrivate?: boolean;
}

/** What goes wrong with an answer. */
export interface Fault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The connection breaks after so many bytes of the body. */
  readonly cutAfter?: number;
  /** The body stops after so many bytes, and the connection stays open. */
  readonly hangAfter?: number;
  /** The body comes in pieces of so many bytes, with a pause before each. */
  readonly trickle?: number;
  /** Every byte is turned around; the length stays right. */
  readonly isCorrupt?: boolean;
  readonly ignoresRange?: boolean;
}

/** A request as it arrived. */
export interface SeenRequest {
  readonly host: "hub" | "storage";
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  readonly userAgent: string | undefined;
}

/** The only token that opens private repositories, and the one that was let into gated ones. */
export const memberToken = "hf_member";

/** A server that answers like the Hugging Face Hub, on this machine, with a second one for large files. */
export class HubServer implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  readonly repositories: Map<string, ServedRepository>;
  /** Dataset repositories, which can be pushed to. */
  readonly datasets: ServedDatasets = new ServedDatasets(() => this.storage);
  readonly #hub: Server;
  readonly #storage: Server;
  readonly #faults: { pattern: RegExp; fault: Fault; times: number }[] = [];

  private constructor(repositories: Readonly<Record<string, ServedRepository>>) {
    this.repositories = new Map(Object.entries(repositories));
    this.#hub = createServer((request, response) => void this.#answer("hub", request, response));
    this.#storage = createServer((request, response) => void this.#answer("storage", request, response));
  }

  static async start(repositories: Readonly<Record<string, ServedRepository>>): Promise<HubServer> {
    const server = new HubServer(repositories);
    for (const host of [server.#hub, server.#storage]) {
      await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
    }
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`;
  }

  get storage(): string {
    return `http://127.0.0.1:${(this.#storage.address() as AddressInfo).port}`;
  }

  /** Spoils the next answers to requests whose host and path match, such as `hub /org/name/resolve/…`. */
  spoil(pattern: RegExp, fault: Fault, times: number = Infinity): void {
    this.#faults.push({ pattern, fault, times });
  }

  heal(): void {
    this.#faults.length = 0;
  }

  /** Paths of the requests to a host, without queries. */
  paths(host: SeenRequest["host"]): string[] {
    return this.requests.filter((request) => request.host === host).map(({ path }) => path.replace(/\?.*/u, ""));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of [this.#hub, this.#storage]) {
      host.closeAllConnections();
      await new Promise((resolve) => host.close(resolve));
    }
  }

  async #answer(host: SeenRequest["host"], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    const { authorization, range } = request.headers;
    this.requests.push({ host, method: request.method ?? "", path, authorization, range, userAgent: request.headers["user-agent"] });
    const found = this.#faults.find(({ pattern, times }) => times > 0 && pattern.test(`${host} ${path}`));
    if (found !== undefined) found.times--;
    const body = request.method === "GET" ? Buffer.alloc(0) : await bodyOf(request);
    // A request that fails has no effect.
    const pushed =
      found?.fault.status === undefined ? this.#pushAnswer(host, request.method ?? "", path, body, authorization) : { body: "" };
    const answer = pushed ?? (host === "hub" ? this.#hubAnswer(path, authorization) : this.#storageAnswer(path));
    write(request, response, answer, found?.fault ?? {});
  }

  #pushAnswer(
    host: SeenRequest["host"],
    method: string,
    path: string,
    body: Buffer,
    authorization: string | undefined,
  ): Answer | undefined {
    const route = path.replace(/\?.*/u, "");
    if (host === "hub") {
      const isKnown = authorization === undefined || authorization === `Bearer ${memberToken}`;
      return isKnown ? this.datasets.answer({ method, route, body }, authorization) : undefined;
    }
    return method === "PUT" ? this.datasets.store(route.replace("/upload/", ""), body) : undefined;
  }

  #storageAnswer(path: string): Answer {
    const digest = path.replace(/^\/|\?.*$/gu, "");
    for (const { files } of this.repositories.values()) {
      const bytes = Object.values(files).find((content) => sha256Of(content) === digest);
      if (bytes !== undefined) return { body: bytes, headers: { etag: `"${digest}"`, "content-type": "binary/octet-stream" } };
    }
    return { status: 404, body: "NoSuchKey" };
  }

  #hubAnswer(path: string, authorization: string | undefined): Answer {
    const [route = "", query = ""] = path.split("?");
    const api = /^\/api\/models\/(?<id>[^/]+\/[^/]+)\/(?<kind>revision|tree)\/(?<revision>[^/]+)$/u.exec(route)?.groups;
    const file = /^\/(?<id>[^/]+\/[^/]+)\/resolve\/(?<revision>[^/]+)\/(?<name>.+)$/u.exec(route)?.groups;
    const { id = "", revision = "" } = api ?? file ?? {};
    const repository = this.repositories.get(id);

    if (authorization !== undefined && authorization !== `Bearer ${memberToken}`) {
      return refusal(401, undefined, "Invalid credentials in Authorization header");
    }
    if (repository === undefined || (repository.isPrivate === true && authorization === undefined)) {
      return authorization === undefined
        ? refusal(401, "RepoNotFound", "Repository not found")
        : refusal(404, "RepoNotFound", "Repository not found");
    }
    const commit = commitOf(repository);
    if (![commit, commit.slice(0, 7), ...(repository.branches ?? ["main"])].includes(decodeURIComponent(revision))) {
      return refusal(404, "RevisionNotFound", `Invalid rev id: ${revision}`);
    }
    if (api?.["kind"] === "revision") return json(describe(id, repository, new URLSearchParams(query).getAll("expand")));
    if (api !== undefined) return json(listingOf(repository));
    if (repository.gated !== undefined && authorization === undefined) {
      return refusal(401, "GatedRepo", `Access to model ${id} is restricted`);
    }
    const name = decodeURIComponent(file?.["name"] ?? "");
    const bytes = repository.files[name];
    if (bytes === undefined) return refusal(404, "EntryNotFound", "Entry not found");
    if (!repository.lfs.includes(name)) {
      return { body: bytes, headers: { etag: `"${gitOidOf(bytes)}"`, "x-repo-commit": commit, "content-type": "text/plain" } };
    }
    const digest = sha256Of(bytes);
    return {
      status: 302,
      body: "",
      headers: {
        location: `${this.storage}/${digest}?X-Amz-Signature=secret`,
        "x-repo-commit": commit,
        "x-linked-etag": `"${digest}"`,
        "x-linked-size": String(bytes.byteLength),
      },
    };
  }
}

/** A repository with the files of a folder; the weights are stored with LFS. */
export function folderRepository(folder: string, more: Partial<ServedRepository> = {}): ServedRepository {
  const names = readdirSync(folder);
  const files = Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
  return { files, lfs: names.filter((name) => /\.(?:safetensors|bin|th)$/u.test(name)), ...more };
}

export function commitOf({ files, commit }: ServedRepository): string {
  if (commit !== undefined) return commit;
  const hash = createHash("sha1");
  for (const [name, bytes] of Object.entries(files)) hash.update(name).update(bytes);
  return hash.digest("hex");
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function gitOidOf(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex");
}

interface Answer {
  readonly status?: number;
  readonly body: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function refusal(status: number, code: string | undefined, message: string): Answer {
  const headers = { "x-error-message": message, "x-request-id": "Root=1-test", ...(code === undefined ? {} : { "x-error-code": code }) };
  return { status, body: message, headers };
}

function json(value: unknown): Answer {
  return { body: JSON.stringify(value), headers: { "content-type": "application/json; charset=utf-8" } };
}

/** As the Hub does, only the fields that were asked for, or all if none was. */
function describe(id: string, repository: ServedRepository, expand: readonly string[]): unknown {
  const fields: Record<string, unknown> = {
    sha: commitOf(repository),
    cardData: repository.cardData,
    tags: repository.tags ?? [],
    gated: repository.gated ?? false,
    private: repository.isPrivate ?? false,
    downloads: 0,
    likes: 0,
    lastModified: "2023-09-04T00:00:00.000Z",
  };
  const asked = expand.length === 0 ? Object.keys(fields) : expand;
  return { _id: "64f0", id, ...Object.fromEntries(asked.map((field) => [field, fields[field]])) };
}

function listingOf({ files, lfs, listing = [] }: ServedRepository): unknown {
  const entries = Object.entries(files).map(([path, bytes]) => {
    const size = bytes.byteLength;
    return lfs.includes(path)
      ? { type: "file", path, size, oid: gitOidOf(new TextEncoder().encode(path)), lfs: { oid: sha256Of(bytes), size, pointerSize: 134 } }
      : { type: "file", path, size, oid: gitOidOf(bytes) };
  });
  return [{ type: "directory", path: "onnx", size: 0, oid: "0".repeat(40) }, ...entries, ...listing];
}

function write(request: IncomingMessage, response: ServerResponse, answer: Answer, fault: Fault): void {
  let body = Buffer.from(fault.body ?? answer.body);
  let status = fault.status ?? answer.status ?? 200;
  const range = /^bytes=(\d+)-(\d*)$/u.exec(request.headers.range ?? "");
  const headers: Record<string, string> = { ...answer.headers, ...fault.headers };
  if (range !== null && status === 200 && fault.ignoresRange !== true) {
    const [first, last] = [Number(range[1]), range[2] === "" ? body.byteLength - 1 : Number(range[2])];
    headers["content-range"] = `bytes ${first}-${Math.min(last, body.byteLength - 1)}/${body.byteLength}`;
    body = body.subarray(first, last + 1);
    status = 206;
  }
  if (fault.isCorrupt === true) body = Buffer.from(body.map((byte) => 255 - byte));
  response.writeHead(status, { ...headers, "content-length": String(body.byteLength) });
  if (fault.trickle !== undefined) return trickle(response, body, fault.trickle);
  const part = fault.cutAfter ?? fault.hangAfter;
  if (part === undefined) {
    response.end(body);
  } else {
    response.write(body.subarray(0, part), () => {
      // The part must have left before the connection goes, which a later turn of the loop grants.
      if (fault.cutAfter !== undefined) setTimeout(() => response.destroy(), 20);
    });
  }
}

function trickle(response: ServerResponse, body: Buffer, piece: number): void {
  if (body.byteLength === 0) {
    response.end();
    return;
  }
  response.write(body.subarray(0, piece));
  setTimeout(trickle, 5, response, body.subarray(piece), piece);
}
