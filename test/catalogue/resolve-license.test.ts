import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findCheckpoint, resolveLicense } from "../../src/catalogue/index.ts";
import type { RepositoryMetadata } from "../../src/catalogue/index.ts";

const date = "2026-11-22";
const commit = "0123456789012345678901234567890123456789";
const audiogenDigest = "5a520e64ca99226a9956f83b06df0617b713183fcdc384779883a6bb46dc1095";

const readmeOf = (fields: string) => `---\n${fields}\n---\n# A codec\n`;

function repository(id: string, fields: string | null, rest: Partial<RepositoryMetadata> = {}): RepositoryMetadata {
  return { id, revision: commit, readme: fields === null ? null : readmeOf(fields), api: null, digests: [], config: null, ...rest };
}

/** A Hub of a few repositories that counts what it is asked for. */
function hubOf(...repositories: readonly RepositoryMetadata[]) {
  const asked: string[] = [];
  const fetchRepository = async (id: string) => {
    asked.push(id);
    return repositories.find((known) => known.id === id) ?? null;
  };
  return { asked, fetchRepository };
}

const apiOf = (license: unknown, ...tags: string[]) => ({ cardData: { license }, tags });

const resolve = (root: RepositoryMetadata, ...bases: readonly RepositoryMetadata[]) => resolveLicense(root, { ...hubOf(...bases), date });

describe("a repository of its own", () => {
  test("has the license that it declares", async () => {
    expect(await resolve(repository("a/codec", "license: apache-2.0"))).toEqual({
      subject: "a/codec",
      revision: commit,
      declared: { card: ["apache-2.0"], api: null },
      upstream: null,
      effective: "Apache-2.0",
      stricterReading: null,
      status: "settled",
      classes: ["permissive"],
      evidence: [{ source: `https://huggingface.co/a/codec/blob/${commit}/README.md`, fact: "declares apache-2.0", date }],
    });
  });

  test("that lists licenses is under all of them", async () => {
    const record = await resolve(repository("a/codec", "license: [mit, cc-by-sa-4.0, gpl-3.0]"));
    expect(record).toMatchObject({
      effective: "GPL-3.0 AND CC-BY-SA-4.0 AND MIT",
      status: "settled",
      classes: ["attribution", "share-alike", "copyleft"],
    });
  });

  test.each([
    ["no card", null],
    ["no license", "tags: [audio]"],
    ["a card that is not YAML", "license: [mit"],
    ["license: unknown", "license: unknown"],
    ["other without name and text", "license: other"],
    ["other without text", "license: other\nlicense_name: my-license"],
    ["other without name", "license: other\nlicense_link: LICENSE"],
    ["a family of licenses", "license: cc"],
    ["an id that the Hub does not have", "license: free-for-all"],
    ["one such id among others", "license: [mit, other]"],
  ])("with %s is unresolved and of unknown terms", async (_, fields) => {
    const record = await resolve(repository("a/codec", fields));
    expect(record.status).toBe("unresolved");
    expect(record.classes).toContain("unknown");
    expect(record.classes).not.toContain("permissive");
  });

  test("with an own license and its text is settled, though nobody knows its terms here", async () => {
    const record = await resolve(repository("a/codec", "license: other\nlicense_name: mit\nlicense_link: LICENSE"));
    expect(record).toMatchObject({ effective: "LicenseRef-mit", status: "settled", classes: ["unknown"] });
    expect(record.evidence[0]!.fact).toBe("declares other; named mit; with a text at LICENSE");
  });
});

describe("card and API", () => {
  test("that agree settle it", async () => {
    const record = await resolve(repository("a/codec", "license: mit", { api: apiOf("mit", "audio", "license:mit") }));
    expect(record).toMatchObject({ effective: "MIT", status: "settled", declared: { card: ["mit"], api: ["mit"] } });
  });

  test.each([
    ["cardData", apiOf("cc-by-nc-4.0", "license:mit")],
    ["tags", apiOf("mit", "license:cc-by-nc-4.0")],
  ])("that disagree in the %s are kept, both apply, and it is contested", async (_, disagreeing) => {
    const record = await resolve(repository("a/codec", "license: mit", { api: disagreeing }));
    expect(record).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "contested", declared: { card: ["mit"] } });
    expect(record.declared.api).toContain("cc-by-nc-4.0");
  });

  test("of which only one declares anything disagree too", async () => {
    expect(await resolve(repository("a/codec", null, { api: apiOf("mit", "license:mit") }))).toMatchObject({
      status: "contested",
      effective: "MIT",
    });
    expect(await resolve(repository("a/codec", "license: mit", { api: apiOf(undefined) }))).toMatchObject({
      status: "contested",
      effective: "MIT",
    });
  });

  test("name bases, in tags with and without the kind of relation", async () => {
    const tags = ["license:mit", "base_model:facebook/encodec_32khz", "base_model:finetune:facebook/encodec_32khz"];
    const record = await resolve(repository("a/codec", "license: mit", { api: { cardData: { license: "mit" }, tags } }));
    expect(record).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "contested" });
  });
});

describe("the license of a commit", () => {
  // facebook/multiband-diffusion went from cc-by-4.0 to cc-by-nc-4.0 with commit 9e16467 on 2023-08-08.
  const before = repository("facebook/multiband-diffusion", "license: cc-by-4.0");
  const after = repository("facebook/multiband-diffusion", "license: cc-by-nc-4.0", { revision: "9e16467" });

  test("is what its own card says", async () => {
    expect(await resolve(before)).toMatchObject({ effective: "CC-BY-4.0", classes: ["permissive", "attribution"] });
    expect(await resolve(after)).toMatchObject({ effective: "CC-BY-NC-4.0", classes: ["attribution", "non-commercial"] });
  });

  test("is contested where the Hub now says something else", async () => {
    const api = { cardData: { license: "cc-by-nc-4.0" }, tags: ["license:cc-by-nc-4.0"] };
    expect(await resolve({ ...before, api })).toMatchObject({ effective: "CC-BY-NC-4.0 AND CC-BY-4.0", status: "contested" });
  });
});

describe("base models", () => {
  test("pass their license on through a chain", async () => {
    const record = await resolve(
      repository("a/quantized", "license: cc-by-nc-4.0\nbase_model: b/tuned"),
      repository("b/tuned", "license: cc-by-nc-4.0\nbase_model: [c/made]"),
      repository("c/made", "license: cc-by-nc-4.0"),
    );
    expect(record).toMatchObject({ effective: "CC-BY-NC-4.0", status: "settled" });
    expect(record.evidence.map(({ source }) => source.split("/")[4])).toEqual(["quantized", "tuned", "made"]);
  });

  test("with a stricter license contest a looser declaration, at any distance", async () => {
    const record = await resolve(
      repository("a/quantized", "license: mit\nbase_model: b/tuned"),
      repository("b/tuned", "license: mit\nbase_model: c/made"),
      repository("c/made", "license: cc-by-nc-4.0"),
    );
    expect(record).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "contested" });
    expect(record.evidence.map(({ fact }) => fact)).toContain(
      "b/tuned declares MIT, which asks for less than CC-BY-NC-4.0 of its part c/made",
    );
  });

  test("under attribution contest a declaration that drops the credit", async () => {
    const record = await resolve(
      repository("a/models", "license: apache-2.0\nbase_model: kyutai/mimi"),
      repository("kyutai/mimi", "license: cc-by-4.0"),
    );
    expect(record).toMatchObject({ effective: "CC-BY-4.0 AND Apache-2.0", status: "contested" });
  });

  test("with a looser license leave a stricter declaration alone", async () => {
    const record = await resolve(repository("a/tuned", "license: cc-by-nc-4.0\nbase_model: b/made"), repository("b/made", "license: mit"));
    expect(record).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "settled" });
  });

  test("do not stand in for a license that is not declared", async () => {
    const record = await resolve(repository("onnx/dac", "base_model: a/dac"), repository("a/dac", "license: mit"));
    expect(record).toMatchObject({ effective: "MIT", status: "unresolved" });
  });

  test.each([
    ["cannot be seen", "nobody/nothing", "cannot be seen"],
    ["is no name of a repository", "../../etc/passwd", "is no name of a repository"],
    ["is an address", "https://huggingface.co/a/b", "is no name of a repository"],
    ["is the repository itself", "A/Codec", "leads back to itself"],
  ])("that %s leaves it unresolved", async (_, base, fact) => {
    const record = await resolve(repository("a/codec", `license: mit\nbase_model: ${base}`));
    expect(record).toMatchObject({ effective: "LicenseRef-hf-unknown AND MIT", status: "unresolved", classes: ["unknown"] });
    expect(record.evidence.at(-1)!.fact).toBe(`its base model ${base} ${fact}`);
  });

  test("that cannot be seen are told of where they are named: in the card of a folder, or on the Hub", async () => {
    const card = "license: mit\nbase_model: nobody/nothing";
    const local = await resolve(repository("models/codec", card, { revision: null, readmeSource: "models/codec/README.md" }));
    expect(local.evidence.map(({ source }) => source)).toEqual(["models/codec/README.md", "models/codec/README.md"]);
    const ofTheHub = await resolve(repository("a/codec", card));
    expect(ofTheHub.evidence.at(-1)!.source).toBe("https://huggingface.co/a/codec");
  });

  test("in a circle end the search and leave it unresolved", async () => {
    const hub = hubOf(repository("b/b", "license: mit\nbase_model: c/c"), repository("c/c", "license: mit\nbase_model: a/a"));
    const record = await resolveLicense(repository("a/a", "license: mit\nbase_model: b/b"), { ...hub, date });
    expect(record).toMatchObject({ status: "unresolved", classes: ["unknown"] });
    expect(hub.asked).toEqual(["b/b", "c/c"]);
  });

  test("are followed as deep as asked and no deeper", async () => {
    const chain = Array.from({ length: 12 }, (_, index) =>
      repository(`a/${index}`, `license: mit${index < 11 ? `\nbase_model: a/${index + 1}` : ""}`),
    );
    const hub = hubOf(...chain);
    expect((await resolveLicense(chain[0]!, { ...hub, date })).evidence.at(-1)!.fact).toBe(
      "its base model a/9 is more than 8 base models away",
    );
    expect(hub.asked).toHaveLength(8);
    expect(await resolveLicense(chain[0]!, { ...hub, date, maxDepth: 11 })).toMatchObject({ effective: "MIT", status: "settled" });
  });

  test("are asked for once where they are shared", async () => {
    const hub = hubOf(
      repository("b/b", "license: mit\nbase_model: d/d"),
      repository("c/c", "license: mit\nbase_model: d/d"),
      repository("d/d", "license: mit"),
    );
    const record = await resolveLicense(repository("a/a", "license: mit\nbase_model: [b/b, c/c]"), { ...hub, date });
    expect(hub.asked).toEqual(["b/b", "d/d", "c/c"]);
    expect(record).toMatchObject({ effective: "MIT", status: "settled" });
    expect(record.evidence).toHaveLength(4);
  });

  test("that are declared in a way that cannot be read leave it unresolved", async () => {
    expect(await resolve(repository("a/codec", "license: mit\nbase_model: {b: c}"))).toMatchObject({
      effective: "MIT",
      status: "unresolved",
    });
  });

  test("are not asked for without end where cards name each other", async () => {
    const ids = Array.from({ length: 30 }, (_, index) => `a/${index}`);
    const crowd = ids.map((id) => repository(id, `license: mit\nbase_model: [${ids.filter((other) => other !== id).join(", ")}]`));
    const hub = hubOf(...crowd);
    expect(await resolveLicense(crowd[0]!, { ...hub, date })).toMatchObject({ status: "unresolved" });
    expect(hub.asked.length).toBeLessThanOrEqual(32);

    const many = Array.from({ length: 12 }, (_, index) => Array.from({ length: 4 }, (__, other) => `b${index}/${other}`));
    const wide = many
      .flat()
      .map((id, index) => repository(id, `license: mit\nbase_model: [${(many[Math.floor(index / 4) + 1] ?? []).join(", ")}]`));
    const wideHub = hubOf(...wide);
    expect((await resolveLicense(wide[0]!, { ...wideHub, date, maxDepth: 100 })).status).toBe("unresolved");
    expect(wideHub.asked).toHaveLength(32);
  });

  test("stop with the signal, and with a hub that fails", async () => {
    const root = repository("a/a", "license: mit\nbase_model: b/b");
    const reason = new Error("enough");
    await expect(resolveLicense(root, { ...hubOf(), signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(resolveLicense(root, { fetchRepository: async () => Promise.reject(reason) })).rejects.toBe(reason);
  });
});

describe("what the catalogue knows", () => {
  test("holds at the catalogued commit, with nothing asked for", async () => {
    const entry = findCheckpoint("facebook/encodec_48khz")!;
    const hub = hubOf();
    const root = repository(entry.id, "license: mit\nbase_model: nobody/nothing", { revision: entry.revision });
    expect(await resolveLicense(root, hub)).toBe(entry.license);
    expect(hub.asked).toEqual([]);
  });

  test("counts at another commit together with what is declared there", async () => {
    expect(await resolve(repository("facebook/encodec_24khz", "license: mit"))).toMatchObject({
      effective: "CC-BY-NC-4.0 AND MIT",
      status: "contested",
    });
    expect(await resolve(repository("facebook/encodec_24khz", null))).toMatchObject({ effective: "CC-BY-NC-4.0", status: "unresolved" });
    expect(await resolve(repository("facebook/encodec_48khz", "license: mit"))).toMatchObject({
      effective: "MIT",
      stricterReading: "CC-BY-NC-4.0 AND MIT",
      status: "contested",
    });
    expect(await resolve(repository("facebook/musicgen-small", "license: cc-by-nc-4.0"))).toMatchObject({
      effective: "CC-BY-NC-4.0",
      status: "settled",
    });
  });

  test("recognises a re-upload by its weights, and does not let it be laundered", async () => {
    const record = await resolve(repository("GrandaddyShmax/audiogen-medium", "license: mit", { digests: [audiogenDigest] }));
    expect(record).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "contested", declared: { card: ["mit"] } });
    expect(record.evidence[1]).toEqual({
      source: "facebook/audiogen-medium",
      fact: "GrandaddyShmax/audiogen-medium declares MIT, which asks for less than CC-BY-NC-4.0 of its part facebook/audiogen-medium",
      date,
    });
  });

  test("finds the same by the base that a re-upload names", async () => {
    const record = await resolve(repository("GrandaddyShmax/audiogen-medium", "license: mit\nbase_model: facebook/audiogen-medium"));
    expect(record).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "contested" });
  });

  test("gives a copy that declares nothing the license of its original, if all of its weights are known", async () => {
    const copy = repository("audo/audiogen-medium", null, { digests: [audiogenDigest.toUpperCase()] });
    expect(await resolve(copy)).toMatchObject({ effective: "CC-BY-NC-4.0", status: "settled" });
    for (const stranger of ["0".repeat(64), null]) {
      expect(await resolve({ ...copy, digests: [audiogenDigest, stranger] })).toMatchObject({
        effective: "CC-BY-NC-4.0",
        status: "unresolved",
      });
    }
  });

  test("leaves a copy under the same license in peace", async () => {
    const copy = repository("a/audiogen", "license: cc-by-nc-4.0", { digests: [audiogenDigest] });
    expect(await resolve(copy)).toMatchObject({ effective: "CC-BY-NC-4.0", status: "settled" });
  });

  test("sees the codec inside a Bark and inside a MusicGen", async () => {
    const bark = repository("a/bark", "license: mit", { config: { model_type: "bark", codec_config: { model_type: "encodec" } } });
    expect(await resolve(bark)).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "contested" });
    const musicgen = repository("a/musicgen", "license: apache-2.0", {
      config: { audio_encoder: { _name_or_path: "facebook/encodec_32khz" } },
    });
    expect(await resolve(musicgen)).toMatchObject({ effective: "CC-BY-NC-4.0 AND Apache-2.0", status: "contested" });
  });

  test("agrees about Bark with what is worked out from its card", async () => {
    const worked = await resolve(repository("suno/bark-small", "license: mit", { config: { model_type: "bark" } }));
    const { effective, status, classes } = findCheckpoint("suno/bark-small")!.license;
    expect(worked).toMatchObject({ effective, status, classes });
  });

  test("is not reached by the short names that only we use", async () => {
    const hub = hubOf();
    await resolveLicense(repository("a/codec", "license: mit\nbase_model: tiny"), hub);
    expect(hub.asked).toEqual(["tiny"]);
  });

  test("cannot be made to throw by a configuration", async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (config) => {
        expect((await resolve(repository("a/codec", "license: mit", { config }))).effective).toBe("MIT");
      }),
      { numRuns: 50 },
    );
  });
});

describe("adding a base", () => {
  const doubt = ["settled", "unresolved", "contested"];
  const license = fc.constantFrom("mit", "cc-by-4.0", "cc-by-nc-4.0", "gpl-3.0", "cc-by-nd-4.0", "llama2", "other", "cc0-1.0");

  test("never loosens a license, nor makes it surer", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(license, { minLength: 1, maxLength: 4 }), license, async (declared, base) => {
        const ids = declared.slice(1).map((_, index) => `b/${index}`);
        const bases = ids.map((id, index) => repository(id, `license: ${declared[index + 1]}`));
        const rootOn = (names: readonly string[]) => repository("a/a", `license: ${declared[0]}\nbase_model: [${names.join(", ")}]`);
        const before = await resolve(rootOn(ids), ...bases);
        const after = await resolve(rootOn([...ids, "c/c"]), ...bases, repository("c/c", `license: ${base}`));
        for (const name of before.classes.filter((known) => known !== "permissive")) expect(after.classes).toContain(name);
        if (!before.classes.includes("permissive")) expect(after.classes).not.toContain("permissive");
        expect(doubt.indexOf(after.status)).toBeGreaterThanOrEqual(doubt.indexOf(before.status));
      }),
    );
  });
});
