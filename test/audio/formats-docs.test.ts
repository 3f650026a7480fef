import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeAudioStream } from "../../src/audio/index.ts";
import type { AudioContainer } from "../../src/audio/index.ts";
import { pcmFormats } from "../../src/audio/pcm/pcm-containers.ts";
import { lawWriters, pcmWriters } from "./pcm-bytes.ts";

const docs = readFileSync(new URL("../../docs/audio.md", import.meta.url), "utf8")
  .split(/^## /mu)
  .find((section) => section.startsWith("Formats"))!;
/** Rows of the table of formats: containers, files, contents. */
const rows = Array.from(docs.matchAll(/^\| (`\w+`(?:, `\w+`)*) \| (.*?) \| (.*?) \|$/gmu), ([, containers, files, contents]) => ({
  containers: Array.from(containers!.matchAll(/\w+/gu), ([name]) => name),
  files: files!,
  contents: contents!,
}));
rows.shift(); // the heading
const rowOf = (container: string) => rows.find(({ containers }) => containers.includes(container));

/** Every container, as the types have them: one that is missing here or too many does not compile. */
const containers: Readonly<Record<AudioContainer, true>> = {
  wav: true,
  w64: true,
  aiff: true,
  caf: true,
  au: true,
  sphere: true,
  ircam: true,
  avr: true,
  mpc2k: true,
  paf: true,
  pvf: true,
  svx: true,
  voc: true,
  flac: true,
  ogg: true,
  mp3: true,
  mp2: true,
  mp1: true,
  matroska: true,
  mp4: true,
  other: true,
};

test("the table of formats has every container once, and no others", () => {
  expect(rows.flatMap((row) => row.containers).toSorted()).toEqual(Object.keys(containers).toSorted());
});

test("the table calls files of samples what messages call them", () => {
  for (const [container, { name }] of Object.entries(pcmFormats)) expect(rowOf(container)!.files).toContain(name);
});

test("the table says where there are laws", async () => {
  const withLaws = new Set<string>(["ircam", "voc"]);
  for (const write of Object.values(lawWriters)) {
    withLaws.add((await decodeAudioStream(write({ channels: 1, sampleRate: 8000, data: [1] }, "A"))).container);
  }
  for (const { container } of Object.values(pcmWriters)) {
    expect({ container, laws: /A-law|as WAV/u.test(rowOf(container)!.contents) }).toEqual({ container, laws: withLaws.has(container) });
  }
});
