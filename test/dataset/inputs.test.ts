import { readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { beforeAll, describe, expect, test } from "vitest";
import { convertAudio, formatWav } from "../../src/audio/index.ts";
import { numSamplesOf } from "../../src/core/index.ts";
import type { AudioCodes, Waveform } from "../../src/core/index.ts";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import type { EncodedClip } from "../../src/dataset/records/encoded-clip.ts";
import type { TokenizeDatasetOptions } from "../../src/dataset/tokenize-dataset.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import { readAudio } from "../../src/files/index.ts";
import { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { audioFixture, tinyTokenizer, tokenize, toneWav } from "./corpus.ts";
import { bytesBelow } from "./encoded-clips.ts";
import { tarOf } from "./tar-of.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

let tokenizer: AudioTokenizer;
beforeAll(async () => {
  tokenizer = await tinyTokenizer();
});

/** Tokenizes below `folder`, where inputs lie too; gives the clips. */
async function clipsOf(
  folder: string,
  inputs: readonly string[],
  options: Partial<TokenizeDatasetOptions> = {},
): Promise<readonly EncodedClip[]> {
  const out = join(folder, options.folder ?? "out");
  await tokenize({ model: tokenizer, inputs, cwd: folder, numCodebooks: 2, ...options, folder: out });
  return await collect(await openDataset(out));
}

/** What `encode` gives for a file that `readAudio` reads. */
async function codesOf(audio: string | Uint8Array | Waveform): Promise<AudioCodes> {
  const waveform = typeof audio === "string" || audio instanceof Uint8Array ? await readAudio(audio) : audio;
  return await tokenizer.encode(waveform, { numCodebooks: 2 });
}

function sliced({ channelData, sampleRate }: Waveform, start: number, end?: number): Waveform {
  return { channelData: channelData.map((samples) => samples.slice(start, end)), sampleRate };
}

function monoOf(samples: Float32Array): Waveform {
  return { channelData: [samples], sampleRate: 24_000 };
}

describe("every format of readAudio", () => {
  test("gives the codes of what readAudio reads, whole and streamed", async () => {
    const folder = await temporaryFolder();
    const names = (await readdir(audioFixture("."))).filter((name) => /\.(?:flac|mp3|ogg|opus)$/u.test(name));
    expect(names.length).toBeGreaterThan(12);
    const files: Record<string, Uint8Array> = {};
    for (const name of names) files[`in/${name}`] = await readFile(audioFixture(name));
    const wave = await readAudio(toneWav(4, 0.7, { sampleRate: 22_050, channels: 2 }));
    for (const format of ["pcm16", "pcm24", "float32"] as const) files[`in/${format}.wav`] = formatWav(wave, { format });
    await writeTree(folder, files);
    const clips = await clipsOf(folder, ["in"]);
    expect(clips.map(({ source }) => source).toSorted()).toEqual(
      Object.keys(files)
        .map((path) => basename(path))
        .toSorted(),
    );
    for (const { source, codes } of clips) expect(codes, source).toEqual(await codesOf(join(folder, "in", source)));
    expect(await clipsOf(folder, ["in"], { folder: "streamed", maxMemory: 2 ** 16, decodeThreads: 1 })).toEqual(clips);
  });
});

describe("WebDataset tars", () => {
  test("give their audio members with the fields of their .json, one after the other by a glob", async () => {
    const folder = await temporaryFolder();
    const [flac, ogg, mp3] = await Promise.all(["mono.flac", "stereo.ogg", "mono.mp3"].map((name) => readFile(audioFixture(name))));
    const [left, right] = [toneWav(1, 0.4), toneWav(2, 0.6)];
    await writeTree(folder, {
      "t/0.tar": await tarOf({
        "a.flac": flac!,
        "a.json": '{"text":"hé","n":1,"tags":["x"]}',
        "b/c.json": '{"n":2}',
        "b/c.ogg": ogg!,
        "notes.txt": "",
      }),
      "t/1.tar": await tarOf({ "pair.left.wav": left, "pair.right.wav": right, "pair.json": '{"n":3}', "d.mp3": mp3! }),
    });
    const clips = await clipsOf(folder, ["t/*.tar"]);
    expect(clips.map(({ key, source, columns }) => [key, source, columns])).toEqual([
      ["0/a", "0.tar#a.flac", { n: 1, tags: ["x"], text: "hé" }],
      ["0/b/c", "0.tar#b/c.ogg", { n: 2 }],
      ["1/pair_left_wav", "1.tar#pair.left.wav", { n: 3 }],
      ["1/pair_right_wav", "1.tar#pair.right.wav", { n: 3 }],
      ["1/d", "1.tar#d.mp3", {}],
    ]);
    for (const [i, audio] of [flac!, ogg!, left, right, mp3!].entries())
      expect(clips[i]!.codes, clips[i]!.key).toEqual(await codesOf(audio));
    expect(await clipsOf(folder, ["t/*.tar"], { folder: "streamed", maxMemory: 2 ** 16, decodeThreads: 1 })).toEqual(clips);
  });
});

describe("globs, manifests and lists", () => {
  const files = {
    "in/a/1.wav": toneWav(1, 1.5),
    "in/a/2.wav": toneWav(2, 0.5, { channels: 2, sampleRate: 44_100 }),
    "in/b/3.wav": toneWav(3, 0.6),
  };

  test("choose the same audio", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { ...files, "in/notes.wave.txt": "" });
    const expected = await Promise.all(Object.values(files).map(codesOf));
    const list = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from("in/a/1.wav\r\nin/a/2");
      yield Buffer.from(`.wav\n\n${join(folder, "in/b/3.wav")}`);
    };
    const glob = await clipsOf(folder, ["in/{a,b}/*.wav"], { folder: "glob" });
    const named = await clipsOf(folder, Object.keys(files), { folder: "named" });
    const listed = await clipsOf(folder, ["-"], { folder: "listed", stdin: list() });
    for (const clips of [glob, named, listed]) expect(clips.map(({ codes }) => codes)).toEqual(expected);
    expect(glob.map(({ key }) => key)).toEqual(["a/1", "a/2", "b/3"]);
    expect(named.map(({ key }) => key)).toEqual(["in/a/1", "in/a/2", "in/b/3"]);
  });

  test("of any kind give ranges and carry columns", async () => {
    const folder = await temporaryFolder();
    const rows = [
      { path: "in/a/1.wav", id: "x.1", start: 0.25, end: 1, text: 'a "quoted", text' },
      { path: "in/b/3.wav", start: 0.5, text: "b" },
      { path: "in/a/1.wav", text: "" },
    ];
    const cells = (delimiter: string, quote: (text: string) => string): string =>
      [
        ["path", "id", "start", "end", "text"],
        ...rows.map(({ path, id, start, end, text }) => [path, id ?? "", String(start ?? ""), String(end ?? ""), quote(text)]),
      ]
        .map((row) => row.join(delimiter))
        .join("\n");
    await writeTree(folder, {
      ...files,
      "m.jsonl": rows.map((row) => JSON.stringify(row)).join("\n"),
      "m.csv": cells(",", (text) => `"${text.replaceAll('"', '""')}"`),
      "m.tsv": cells("\t", (text) => text),
    });
    const one = await readAudio(files["in/a/1.wav"]);
    const three = await readAudio(files["in/b/3.wav"]);
    const expected = [await codesOf(sliced(one, 6000, 24_000)), await codesOf(sliced(three, 12_000)), await codesOf(one)];
    for (const kind of ["jsonl", "csv", "tsv"]) {
      const clips = await clipsOf(folder, [`m.${kind}`], { folder: kind });
      expect(
        clips.map(({ codes }) => codes),
        kind,
      ).toEqual(expected);
      expect(
        clips.map(({ key, start, end, columns }) => [key, start, end, columns]),
        kind,
      ).toEqual([
        ["x_1", 0.25, 1, { text: 'a "quoted", text' }],
        ["in/b/3_t000000500-end", 0.5, 0.6, { text: "b" }],
        ["in/a/1", 0, 1.5, { text: "" }],
      ]);
    }
  });

  test("have each audio once with dedupe, whatever its name; another range of a file is other audio", async () => {
    const folder = await temporaryFolder();
    const again = toneWav(1, 1.5);
    const manifest = [
      { path: "in/b/again.wav", id: "same" },
      { path: "in/a/1.wav", id: "range", start: 0.5 },
      { path: "in/b/again.wav", id: "same range", start: 0.5 },
      { path: "in/a/1.wav", id: "other range", start: 0.6 },
    ];
    await writeTree(folder, {
      ...files,
      "in/b/again.wav": again,
      "in/z.wav": toneWav(9, 0.3),
      "t.tar": await tarOf({ "m.wav": again, "n.wav": toneWav(8, 0.3) }),
      "m.jsonl": manifest.map((row) => JSON.stringify(row)).join("\n"),
    });
    const clips = await clipsOf(folder, ["in", "t.tar", "m.jsonl"], { dedupe: true, partRows: 2 });
    expect(clips.map(({ key }) => key)).toEqual(["in/a/1", "in/a/2", "in/b/3", "in/z", "t/n", "range", "other range"]);
    expect(await readFile(join(folder, "out/errors.jsonl"), "utf8")).toBe("");
    const all = await clipsOf(folder, ["in", "t.tar", "m.jsonl"], { folder: "all" });
    expect(all).toHaveLength(11);
    expect(clips).toEqual(all.filter(({ key }) => clips.some((clip) => clip.key === key)));
  });
});

describe("channels", () => {
  test("are mixed, the first, or a clip each, whose keys tell them from other files", async () => {
    const folder = await temporaryFolder();
    const [mono, stereo] = [await readAudio(toneWav(1, 0.5)), await readAudio(toneWav(2, 0.5, { channels: 2 }))];
    const [left, right] = stereo.channelData as [Float32Array, Float32Array];
    await writeTree(folder, {
      "in/take.wav": formatWav(stereo, { format: "float32" }),
      "in/take_c0.wav": formatWav(mono, { format: "float32" }),
    });
    const expected = {
      mix: [
        ["take", null, monoOf(left.map((sample, i) => Math.fround((sample + right[i]!) / 2)))],
        ["take_c0", null, mono],
      ],
      first: [
        ["take", null, monoOf(left)],
        ["take_c0", null, mono],
      ],
      each: [
        ["take_c0", 0, monoOf(left)],
        ["take_c1", 1, monoOf(right)],
        ["take_c0_c0", 0, mono],
      ],
    } as const;
    for (const channels of ["mix", "first", "each"] as const) {
      for (const [name, maxMemory] of [
        [channels, 2 ** 29],
        [`${channels}-streamed`, 2 ** 16],
      ] as const) {
        const clips = await clipsOf(folder, ["in"], { folder: name, channels, maxMemory, decodeThreads: 1 });
        expect(
          clips.map(({ key, channel }) => [key, channel]),
          name,
        ).toEqual(expected[channels].map(([key, channel]) => [key, channel]));
        for (const [i, [, , waveform]] of expected[channels].entries()) expect(clips[i]!.codes, name).toEqual(await codesOf(waveform));
      }
    }
    await expect(clipsOf(folder, ["in"], { folder: "stereo", channels: "stereo" })).rejects.toThrow(RangeError);
  });

  test("of a stereo codec stay together, its segments and scales included", async () => {
    const folder = await temporaryFolder();
    const golden = fileURLToPath(new URL("../fixtures/golden/mini-48khz", import.meta.url));
    await using stereo = await AudioTokenizer.fromPretrained(join(golden, "hf"));
    await writeTree(folder, {
      "in/mono.wav": toneWav(3, 1.2),
      "in/music.wav": await readFile(join(golden, "music.wav")),
      "in/stereo.wav": toneWav(2, 2.3, { sampleRate: 48_000, channels: 2 }),
    });
    const expected: Record<string, AudioCodes> = {};
    for (const name of ["mono", "music", "stereo"])
      expected[name] = await stereo.encode(await readAudio(join(folder, `in/${name}.wav`)), { numCodebooks: 2 });
    for (const [name, maxMemory] of [
      ["whole", 2 ** 29],
      ["streamed", 2 ** 16],
    ] as const) {
      const clips = await clipsOf(folder, ["in"], {
        folder: name,
        model: stereo,
        outputs: [{ format: "webdataset" }, { format: "parquet" }],
        maxMemory,
        decodeThreads: 1,
      });
      expect(Object.fromEntries(clips.map(({ key, codes }) => [key, codes])), name).toEqual(expected);
      expect(await collect(await openDataset(join(folder, name), { format: "parquet" }))).toEqual(clips);
      expect(clips[1]!.codes.scales).not.toBeNull();
    }
    const clips = await clipsOf(folder, ["in/stereo.wav"], { folder: "first", model: stereo, channels: "first" });
    const wave = await readAudio(join(folder, "in/stereo.wav"));
    expect(clips[0]!.codes).toEqual(
      await stereo.encode({ ...wave, channelData: [wave.channelData[0]!, wave.channelData[0]!] }, { numCodebooks: 2 }),
    );
  });
});

describe("clips", () => {
  test("are the windows of the converted audio for every tail, stride and minimum, streamed or not", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "in/a.wav": toneWav(5, 0.945, { sampleRate: 44_100, channels: 2 }), "in/b.wav": toneWav(6, 0.6) });
    const converted = Object.fromEntries(
      await Promise.all(
        ["a", "b"].map(async (key) => [key, convertAudio(await readAudio(join(folder, `in/${key}.wav`)), tokenizer)] as const),
      ),
    );
    const hop = tokenizer.hopLength;
    const [length, minimum] = [12 * hop, 8 * hop];
    for (const stride of [12, 8, 18]) {
      for (const tail of ["keep", "drop", "pad"] as const) {
        const options = { window: { frames: 12 }, stride: { frames: stride }, tail, minimum: { frames: 8 } };
        const name = `${stride}-${tail}`;
        const clips = await clipsOf(folder, ["in"], { folder: name, ...options });
        const expected: [string, Waveform][] = [];
        for (const [key, audio] of Object.entries(converted)) {
          const numSamples = numSamplesOf(audio);
          for (let start = 0, covered = 0; covered < numSamples; start += stride * hop) {
            const rest = Math.min(length, numSamples - start);
            if (rest < length && (tail === "drop" || rest < minimum)) break;
            const window = `${key}_w${String(start / stride / hop).padStart(6, "0")}`;
            const clip = sliced(audio, start, start + rest);
            const padded = clip.channelData.map((samples) => Float32Array.from({ length }, (_, i) => samples[i] ?? 0));
            expected.push([window, tail === "pad" ? { ...clip, channelData: padded } : clip]);
            covered = start + length;
          }
        }
        expect(
          clips.map(({ key }) => key),
          name,
        ).toEqual(expected.map(([key]) => key));
        for (const [i, [key, waveform]] of expected.entries()) expect(clips[i]!.codes, `${name} ${key}`).toEqual(await codesOf(waveform));
        if (stride === 8)
          expect(
            await clipsOf(folder, ["in"], { folder: `${name}-streamed`, ...options, maxMemory: 2 ** 19, decodeThreads: 1 }),
            name,
          ).toEqual(clips);
      }
    }
  });

  test("have no silence at their ends where it is trimmed, with the range and all channels in mind", async () => {
    const folder = await temporaryFolder();
    const sound = (await readAudio(toneWav(7, 3))).channelData[0]!;
    const within = (from: number, to: number): Float32Array => sound.map((sample, i) => (i >= from && i < to ? sample : 0));
    const channelData = [within(24_000, 36_000), within(30_000, 48_000)];
    await writeTree(folder, {
      "a.wav": formatWav({ channelData, sampleRate: 24_000 }, { format: "float32" }),
      "m.jsonl": '{"path":"a.wav","id":"whole"}\n{"path":"a.wav","id":"range","start":0.5,"end":1.75}\n',
    });
    const mixed = { channelData: [sound.map((_, i) => Math.fround((channelData[0]![i]! + channelData[1]![i]!) / 2))], sampleRate: 24_000 };
    for (const maxMemory of [2 ** 29, 2 ** 16]) {
      const clips = await clipsOf(folder, ["m.jsonl"], {
        folder: String(maxMemory),
        trim: { threshold: -60, padding: 0.1 },
        maxMemory,
        decodeThreads: 1,
      });
      expect(clips.map(({ start, end }) => [start, end])).toEqual([
        [0.9, 2.1],
        [0.9, 1.75],
      ]);
      expect(clips[0]!.codes).toEqual(await codesOf(sliced(mixed, 21_600, 50_400)));
      expect(clips[1]!.codes).toEqual(await codesOf(sliced(mixed, 21_600, 42_000)));
    }
  });

  test("of compressed audio with everything at once are the same to the byte when files are streamed", async () => {
    const folder = await temporaryFolder();
    const names = ["stereo.flac", "stereo.mp3", "stereo.ogg", "stereo.opus", "mono-vbr.mp3"];
    const rows = names.flatMap((name) => [
      { path: audioFixture(name), id: name, start: 0.1 },
      { path: audioFixture(name), id: `${name} end`, end: 0.4 },
    ]);
    await writeTree(folder, { "m.jsonl": rows.map((row) => JSON.stringify(row)).join("\n") });
    const common = {
      channels: "each",
      trim: { threshold: -45, padding: 0.05 },
      window: { frames: 12 },
      stride: { frames: 9 },
      tail: "pad",
      minimum: { seconds: 0.02 },
    } as const;
    const results = [];
    for (const [name, more] of Object.entries({
      whole: {},
      streamed: { maxMemory: 2 ** 17 },
      single: { batchClips: 1 },
    })) {
      await clipsOf(folder, ["m.jsonl"], { folder: name, ...common, ...more });
      results.push(new Map([...(await bytesBelow(join(folder, name)))].filter(([file]) => file !== "plan/inputs.json")));
    }
    expect(results[0]!.get("errors.jsonl")!.length).toBe(0);
    expect(results[0]!.get("manifest.jsonl")!.toString().split("\n").length).toBeGreaterThan(20);
    for (const result of results.slice(1)) expect(result).toEqual(results[0]);
  });
});

describe("a packed tar", () => {
  test("gives what the tar in it gives, also where it is gone by then", async () => {
    const folder = await temporaryFolder();
    const tar = await tarOf({ "a.wav": toneWav(1, 0.3), "b/c.wav": toneWav(2, 0.4), "a.txt": "first", "b/c.json": '{"n":1}' });
    await writeTree(folder, { "t.tar": tar, "t.tar.gz": gzipSync(tar), "packed.tgz": gzipSync(tar) });
    const plain = await clipsOf(folder, ["t.tar"], { folder: "plain" });
    const packed = await clipsOf(folder, ["t.tar.gz"], { folder: "packed", dedupe: true });
    expect(packed.map(({ source }) => source)).toEqual(["t.tar.gz#a.wav", "t.tar.gz#b/c.wav"]);
    expect(packed.map((clip) => ({ ...clip, source: "" }))).toEqual(plain.map((clip) => ({ ...clip, source: "" })));
    await rm(join(folder, "t.tar.gz"));
    expect(await collect(verifyDataset(join(folder, "packed"), { reencode: { sample: { share: 1 }, model: tokenizer } }))).toEqual([]);
    const both = await clipsOf(folder, ["t.tar", "packed.tgz"], { folder: "both" });
    expect(both.map(({ key }) => key)).toEqual(["t/a", "t/b/c", "packed/a", "packed/b/c"]);
  });

  test("is refused where it is none, cut off, or a bomb; the same rows are found when it is listed again", async () => {
    const folder = await temporaryFolder();
    const tar = await tarOf({ "a.wav": toneWav(1, 0.3) });
    await writeTree(folder, { "cut.tar.gz": gzipSync(tar).subarray(0, 200), "plain.tgz": tar, "t.tar.gz": gzipSync(tar) });
    for (const name of ["cut.tar.gz", "plain.tgz"])
      await expect(clipsOf(folder, [name], { folder: name.slice(0, 3) }), name).rejects.toThrow("is no gzip file, or a damaged one");
    await clipsOf(folder, ["t.tar.gz"]);
    await writeTree(folder, { "t.tar.gz": gzipSync(tar, { level: 1 }) }); // other bytes, the same tar
    expect(await clipsOf(folder, ["t.tar.gz"])).toHaveLength(1);
    await writeTree(folder, { "t.tar.gz": gzipSync(await tarOf({ "b.wav": toneWav(1, 0.3) })) });
    await expect(clipsOf(folder, ["t.tar.gz"])).rejects.toMatchObject({ code: "DATASET_MISMATCH" });
  });
});

/** A file as the Hub's datasets are stored: a struct of bytes and path, and other columns. */
function audioParquet(codec: "SNAPPY" | "UNCOMPRESSED"): Uint8Array {
  const files = [toneWav(1, 0.3), toneWav(2, 0.4), undefined, toneWav(3, 0.2)];
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    codec,
    rowGroupSize: 2,
    schema: [
      { name: "schema", num_children: 5 },
      { name: "audio", num_children: 2, repetition_type: "OPTIONAL" },
      { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
      { name: "path", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
      { name: "sentence", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
      { name: "speaker", type: "INT64", repetition_type: "REQUIRED" },
      { name: "score", type: "DOUBLE", repetition_type: "OPTIONAL" },
      { name: "ok", type: "BOOLEAN", repetition_type: "REQUIRED" },
    ],
    columnData: [
      {
        name: "audio",
        data: files.map((bytes, i) =>
          bytes === undefined ? { path: "gone.wav" } : { bytes, path: i === 3 ? undefined : `x/clip.${i}.wav` },
        ),
      },
      { name: "sentence", data: ["one", undefined, "three", "four"] },
      { name: "speaker", data: [1n, 2n, 3n, 4n] },
      { name: "score", data: [0.5, 1, undefined, 2] },
      { name: "ok", data: [true, false, true, false] },
    ],
  });
  return writer.getBytes();
}

describe("a Parquet file with audio", () => {
  test.each(["SNAPPY", "UNCOMPRESSED"] as const)("gives the audio of its rows with its columns (%s)", async (codec) => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "train.parquet": audioParquet(codec) });
    const clips = await clipsOf(folder, ["train.parquet"]);
    expect(clips.map(({ key, source, columns }) => [key, source, columns])).toEqual([
      ["0000000_clip_0", "train.parquet#0000000_clip_0.wav", { sentence: "one", speaker: 1, score: 0.5 }],
      ["0000001_clip_1", "train.parquet#0000001_clip_1.wav", { sentence: null, speaker: 2, score: 1 }],
      ["0000003", "train.parquet#0000003.wav", { sentence: "four", speaker: 4, score: 2 }],
    ]);
    for (const [i, seconds] of [
      [0, 0.3],
      [1, 0.4],
      [2, 0.2],
    ] as const)
      expect(clips[i]!.codes).toEqual(await codesOf(toneWav(i + 1, seconds)));
    const { leftOut } = JSON.parse(await readFile(join(folder, "out/plan.json"), "utf8")).rows as { leftOut: Record<string, number> };
    expect(leftOut).toEqual({
      "columns of Parquet files, such as ok, that do not hold one text or number a row": 1,
      "rows of Parquet files without the bytes of their audio": 1,
    });
  });

  test("is refused where it has none, or is damaged", async () => {
    const folder = await temporaryFolder();
    const sound = audioParquet("SNAPPY");
    const writer = new ByteWriter();
    parquetWrite({ writer, columnData: [{ name: "text", data: ["a"], type: "STRING" }] });
    await writeTree(folder, { "texts.parquet": writer.getBytes(), "cut.parquet": sound.subarray(0, 4000), "junk.parquet": "junk" });
    await expect(clipsOf(folder, ["texts.parquet"], { folder: "a" })).rejects.toThrow("has no column audio of {bytes, path}");
    for (const name of ["cut.parquet", "junk.parquet"])
      await expect(clipsOf(folder, [name], { folder: `out-${name}` }), name).rejects.toMatchObject({ code: "DATASET_INPUT" });
  });
});
