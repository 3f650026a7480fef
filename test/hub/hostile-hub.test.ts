import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { parseModelCard } from "../../src/catalogue/model-card.ts";
import { HubError, IntegrityError } from "../../src/core/index.ts";
import { thisPackage } from "../../src/files/index.ts";
import { listCache } from "../../src/hub/cache.ts";
import { openHub, openHubRepository } from "../../src/hub/hub.ts";
import type { HubOptions } from "../../src/hub/hub-options.ts";
import { pushFiles } from "../../src/hub/push-files.ts";
import { hubErrorOf, hubFixture, tinyFolder, tinyId } from "./hub-fixture.ts";
import { commitOf, folderRepository, sha256Of } from "./hub-server.ts";
import { sharedFolder, temporaryFolder } from "../temporary-folder.ts";

const commit = "c".repeat(40);
const endpoint = "https://hub.example";
const cacheDir = sharedFolder();

type Answer = Response | Promise<Response>;

/** A Hub that is a function. */
interface FakeHub {
  readonly options: HubOptions;
  /** Addresses that were asked for. */
  readonly requests: string[];
}

/** @param answers By what the address has in it, the first that fits. */
function fakeHub(answers: Readonly<Record<string, (url: string, init: RequestInit) => Answer>>, more: HubOptions = {}): FakeHub {
  const requests: string[] = [];
  const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = String(input);
    requests.push(url);
    for (const [part, answer] of Object.entries(answers)) {
      if (url.includes(part)) return answer(url, init);
    }
    return Response.json({ id: "org/x", sha: commit, cardData: {}, tags: [] });
  };
  return {
    requests,
    options: { endpoint, cacheDir, env: {}, token: null, retryDelay: 0, fetch: fetch as typeof globalThis.fetch, ...more },
  };
}

/** A body that gives pieces for as long as it is read, and counts them. */
function endlessBody(piece: Uint8Array, pause: number = 0): { readonly stream: ReadableStream<Uint8Array>; readonly pulled: () => number } {
  let pulled = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        pulled++;
        if (pause > 0) await sleep(pause);
        controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, pulled: () => pulled };
}

function file(path: string, size: number = 1): object {
  return { type: "file", path, size, oid: "a".repeat(40) };
}

function nextPage(url: string): { readonly headers: { readonly link: string } } {
  return { headers: { link: `<${url.replace(/&cursor=.*|$/u, `&cursor=${Math.random()}`)}>; rel="next"` } };
}

describe("a server that never comes to an end", () => {
  test("of pages is asked for a hundred, be they empty, full of folders, or always the same one", async () => {
    const pages: readonly ((url: string) => Response)[] = [
      (url) => Response.json([], nextPage(url)),
      (url) => Response.json([{ ...file("folder"), type: "directory" }], nextPage(url)),
      (url) => Response.json([file("config.json")], { headers: { link: `<${url}>; rel="next"` } }),
    ];
    for (const page of pages) {
      const hub = fakeHub({ "/tree/": page });
      const error = await hubErrorOf(openHub(hub.options).describe("org/x"));
      expect(error).toMatchObject({ code: "HUB_UNEXPECTED_ANSWER", message: expect.stringContaining("more than 100 pages") });
      expect(hub.requests).toHaveLength(101);
    }
  });

  test("of files is read up to ten thousand", async () => {
    const hub = fakeHub({
      "/tree/": (url) =>
        Response.json(
          Array.from({ length: 1000 }, (_, i) => file(`${url.length}-${i}`)),
          nextPage(url),
        ),
    });
    expect(await hubErrorOf(openHub(hub.options).describe("org/x"))).toMatchObject({
      code: "HUB_UNEXPECTED_ANSWER",
      message: expect.stringContaining("more than 10000 files"),
    });
    expect(hub.requests).toHaveLength(12);
  });

  test("of pages of a dataset is asked for two thousand before anything is uploaded", async () => {
    const hub = fakeHub({ "/tree/": (url) => Response.json([], nextPage(url)) });
    const push = pushFiles("org/data", [], { ...hub.options, token: "hf_x" });
    expect(await hubErrorOf(push)).toMatchObject({
      code: "HUB_UNEXPECTED_ANSWER",
      message: expect.stringContaining("more than 2000 pages"),
    });
    expect(hub.requests).toHaveLength(2000);
  });

  test("of an answer is read up to 16 MiB", async () => {
    const { stream, pulled } = endlessBody(new Uint8Array(2 ** 20));
    const hub = fakeHub({ "/revision/": () => new Response(stream) });
    expect(await hubErrorOf(openHub(hub.options).describe("org/x"))).toMatchObject({
      code: "HUB_UNEXPECTED_ANSWER",
      message: expect.stringContaining("more than 16777216 bytes"),
    });
    expect(pulled()).toBeLessThanOrEqual(18);
  });

  test("of redirects is followed twenty times", async () => {
    await using hub = await hubFixture();
    hub.server.spoil(/revision/u, { status: 302, headers: { location: `/api/models/${tinyId}/revision/again` } });
    expect(await hubErrorOf(openHubRepository(tinyId, { ...hub.options, maxRetries: 1 }))).toMatchObject({
      code: "HUB_UNEXPECTED_ANSWER",
      message: expect.stringContaining("more than 20 redirects"),
    });
    expect(hub.server.requests).toHaveLength(21);
  });

  test.each(["file:///etc/passwd", "//[", "data:,x"])("to another place than the web is not followed: %s", async (location) => {
    await using hub = await hubFixture();
    hub.server.spoil(/revision/u, { status: 302, headers: { location } });
    expect((await hubErrorOf(openHubRepository(tinyId, hub.options))).message).toContain("a redirect that leads nowhere");
  });

  test("of a file sends no more than the file has", async () => {
    const { stream, pulled } = endlessBody(new Uint8Array(1000));
    const listing = [{ ...file("README.md", 2500), oid: "b".repeat(40) }];
    const hub = fakeHub({
      "/tree/": () => Response.json(listing),
      "/resolve/": (_, init) =>
        new Headers(init.headers).get("range") === "bytes=0-0"
          ? new Response("x", { status: 206, headers: { "content-range": "bytes 0-0/2500", etag: '"x"' } })
          : new Response(stream),
    });
    await expect(openHub(hub.options).describe("org/x")).rejects.toBeInstanceOf(IntegrityError);
    expect(pulled()).toBeLessThanOrEqual(4);
  });
});

describe("a server that takes its time", () => {
  const once = { maxRetries: 0, timeout: 0.05 };

  test("before it answers is given up", async () => {
    const hub = fakeHub({ "/revision/": () => new Promise<Response>(() => {}) }, once);
    expect(await hubErrorOf(openHub(hub.options).describe("org/x"))).toMatchObject({
      code: "HUB_INTERRUPTED",
      message: expect.stringContaining("nothing comes any more, or too slowly"),
    });
  });

  test("before it answers has its connection closed", async () => {
    let isClosed = false;
    const hub = fakeHub(
      {
        "/revision/": (_, { signal }) =>
          new Promise<Response>((__, reject) => {
            signal!.addEventListener("abort", () => {
              isClosed = true;
              reject(signal!.reason as Error);
            });
          }),
      },
      once,
    );
    await hubErrorOf(openHub(hub.options).describe("org/x"));
    expect(isClosed).toBe(true);
  });

  test("for the end of an answer is given up, however many pieces come", async () => {
    const { stream } = endlessBody(new Uint8Array(2000), 1); // a download might go on like this
    const hub = fakeHub({ "/revision/": () => new Response(stream) }, once);
    expect((await hubErrorOf(openHub(hub.options).describe("org/x"))).code).toBe("HUB_INTERRUPTED");
  });

  test("for each byte of a download is given up, and asked again for the rest", async () => {
    const ranges: number[] = [];
    const hub = fakeHub(
      {
        "/tree/": () => Response.json([{ ...file("README.md", 10_000), oid: "e".repeat(40) }]),
        "/resolve/": (_, init) => {
          const range = new Headers(init.headers).get("range") ?? "bytes=0-";
          if (range === "bytes=0-0")
            return new Response("x", { status: 206, headers: { "content-range": "bytes 0-0/10000", etag: '"x"' } });
          const start = Number(/\d+/u.exec(range)![0]);
          ranges.push(start);
          return new Response(
            endlessBody(new Uint8Array(1), 5).stream,
            start === 0 ? {} : { status: 206, headers: { "content-range": `bytes ${start}-9999/10000` } },
          );
        },
      },
      { maxRetries: 2, timeout: 0.2 },
    );
    expect((await hubErrorOf(openHub(hub.options).describe("org/x"))).code).toBe("HUB_INTERRUPTED");
    expect(ranges).toHaveLength(3);
    expect(ranges[0]).toBe(0);
    expect(ranges[2]).toBeGreaterThan(ranges[1]!);
  });

  test("for a download that gets on is waited for", async () => {
    const small = {
      ...folderRepository(tinyFolder),
      files: Object.fromEntries(Object.entries(folderRepository(tinyFolder).files).filter(([name]) => name !== "README.md")),
    };
    await using hub = await hubFixture({ [tinyId]: small });
    hub.server.spoil(/^storage/u, { trickle: 200_000 });
    const repository = await openHubRepository(tinyId, { ...hub.options, timeout: 20, maxRetries: 0 });
    expect(repository.sha256.size).toBe(1);
  });

  test("may be given more of it, also by a variable, or all that there is", async () => {
    for (const more of [{ timeout: 1000 }, { timeout: Infinity }, { env: { HF_HUB_DOWNLOAD_TIMEOUT: "1000" } }]) {
      const hub = fakeHub(
        { "/revision/": async () => (await sleep(5), Response.json({ id: "org/x", sha: commit })), "/tree/": () => Response.json([]) },
        more,
      );
      expect((await hubErrorOf(openHub(hub.options).describe("org/x"))).code).toBe("HUB_FILE_NOT_FOUND");
    }
    expect(
      (
        await hubErrorOf(
          openHub(
            fakeHub({ "/revision/": () => new Promise<Response>(() => {}) }, { maxRetries: 0, env: { HF_HUB_DOWNLOAD_TIMEOUT: "0.02" } })
              .options,
          ).describe("org/x"),
        )
      ).code,
    ).toBe("HUB_INTERRUPTED");
  });
});

describe("an answer that holds much", () => {
  test("in a card that is nested beyond all measure is none", async () => {
    const nested = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    const hub = fakeHub({ "/revision/": () => new Response(`{"id":"org/x","sha":"${commit}","cardData":${nested}}`) });
    expect((await hubErrorOf(openHub(hub.options).describe("org/x"))).code).toBe("HUB_UNEXPECTED_ANSWER");
  });

  test("in the names of files, of the repository and in headers is none, and is not repeated", async () => {
    const long = "x".repeat(100_000);
    const hubs = [
      fakeHub({ "/tree/": () => Response.json([file(long)]) }),
      fakeHub({ "/revision/": () => Response.json({ id: long, sha: commit }) }),
      fakeHub({ "/tree/": () => Response.json([], { headers: { link: `<https://${long}>; rel="next"` } }) }),
      fakeHub({ "/revision/": () => new Response("", { status: 403, headers: { "x-error-message": long, "x-request-id": long } }) }),
      fakeHub({ "/revision/": () => Promise.reject(new TypeError(long)) }, { maxRetries: 0 }),
    ];
    for (const { options } of hubs) {
      const error = await hubErrorOf(openHub(options).describe("org/x"));
      expect(error.message.length).toBeLessThan(700);
      expect(error.requestId ?? "").not.toContain("x".repeat(201));
    }
  });

  test("in weights of more than any model has is not downloaded", async () => {
    const listing = [{ ...file("model.th", 2 ** 36 + 1), lfs: { oid: "d".repeat(64), size: 2 ** 36 + 1 } }];
    const hub = fakeHub({ "/tree/": () => Response.json(listing) });
    expect(await hubErrorOf(openHubRepository("org/x", hub.options))).toMatchObject({
      code: "HUB_UNEXPECTED_ANSWER",
      message: expect.stringContaining("at most 68719476736 are downloaded"),
    });
    expect(hub.requests.filter((url) => url.includes("/resolve/"))).toEqual([]);
  });

  test("in a text that other programs put into the cache is not read", async () => {
    await using hub = await hubFixture();
    const { commit: cached, snapshotPath } = await openHubRepository(tinyId, hub.options);
    await rm(join(snapshotPath, "README.md"));
    await writeFile(join(snapshotPath, "README.md"), Buffer.alloc(2 ** 24 + 1, "x"));
    const offline = { ...hub.options, offline: true, revision: cached };
    expect(await hubErrorOf(openHub(offline).describe(tinyId))).toMatchObject({
      code: "HUB_CACHE",
      message: expect.stringContaining("at most 16777216 are read of a text"),
    });
    expect(await listCache(hub.options)).toHaveLength(1);
  });

  test("in the keys of a card is looked through once", () => {
    const keys = Array.from({ length: 8000 }, (_, i) => `k${i}:`);
    // Each key compared with all before it takes 32 million comparisons.
    let numLookedAt = 0;
    const some = vi.spyOn(Array.prototype, "some").mockImplementation(function (
      this: unknown[],
      predicate: (value: unknown, index: number, all: unknown[]) => unknown,
    ) {
      numLookedAt += this.length;
      return this.findIndex(predicate) !== -1;
    });
    const card = parseModelCard(`---\nlicense: mit\n${keys.join("\n")}\n---\n`);
    some.mockRestore();
    expect(card).toMatchObject({ licenses: ["mit"], problem: null });
    expect(numLookedAt).toBeLessThan(1_000_000);
    expect(parseModelCard(`---\nlicense: mit\nlicense: cc-by-nc-4.0\n---\n`).problem).toBe("front matter is not YAML: DUPLICATE_KEY");
    expect(parseModelCard(`---\na:\n  - {b: 1, c: 2, b: 3}\n---\n`).problem).toBe("front matter is not YAML: DUPLICATE_KEY");
  });
});

test("every request names this package, its version and what runs it, also those of the client and to the storage", async () => {
  await using hub = await hubFixture();
  await openHubRepository(tinyId, hub.options);
  const folder = await temporaryFolder();
  await writeFile(join(folder, "a.bin"), Buffer.alloc(100, 7));
  await pushFiles("org/data", [{ name: "a.bin", path: join(folder, "a.bin") }], { ...hub.options, token: "hf_member" });
  const { name, version } = thisPackage();
  expect(hub.server.requests.map(({ method }) => method)).toEqual(expect.arrayContaining(["GET", "POST"]));
  expect(hub.server.requests.some(({ host }) => host === "storage")).toBe(true);
  expect(new Set(hub.server.requests.map(({ userAgent }) => userAgent))).toEqual(
    new Set([`${name}/${version} node/${process.versions.node}`]),
  );
});

test("a file whose name means something else in an address is the one that is downloaded", async () => {
  const weights = "odd %n %2e #1 & a+b.safetensors";
  const { files } = folderRepository(tinyFolder);
  const odd = { files: { "config.json": files["config.json"]!, [weights]: files["model.safetensors"]! }, lfs: [weights] };
  await using hub = await hubFixture({ "org/odd": odd });
  const repository = await openHubRepository("org/odd", hub.options);
  expect(repository.weights.map(({ name }) => name)).toEqual([weights]);
  expect(repository.commit).toBe(commitOf(odd));
  expect(repository.sha256.get(weights)).toBe(sha256Of(files["model.safetensors"]!));
});

test("an error is a HubError, whatever an answer is", async () => {
  const bodies = ["", "null", "[]", "{", '{"id":5}', '"x"', "[1]", '[{"type":"file","path":5}]', "[null]"];
  for (const body of bodies) {
    for (const part of ["/revision/", "/tree/"]) {
      await expect(
        openHub(fakeHub({ [part]: () => new Response(body) }).options).describe("org/x"),
        `${part} ${body}`,
      ).rejects.toBeInstanceOf(HubError);
    }
  }
});
