import fc from "fast-check";
import { marked } from "marked";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { notice } from "../../src/catalogue/index.ts";
import { AudioCodes, visibleLine } from "../../src/core/index.ts";
import type { DatasetInfo } from "../../src/dataset/records/dataset-info.ts";
import { noStatistics } from "../../src/dataset/records/statistics.ts";
import { formatDatasetCard } from "../../src/dataset/report/dataset-card.ts";
import { markdownLine, markdownName } from "../../src/dataset/report/markdown-line.ts";
import { renderCodesFigure } from "../../src/figure/index.ts";

/** Texts full of what Markdown, HTML and YAML take for something else. */
const markup = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."\\`*_{}[]()#+-.!|<>&~$:=\"'^ \n\t1234567890abcxyz",
        "![",
        "](",
        "<b>",
        "<!--",
        "-->",
        "&lt;",
        "---",
        "```",
        "~~",
        "* * *",
        "[^1]",
        "\n\n",
        "    ",
        "\u202e",
        "\u001b[2J",
      ),
      fc.string(),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(""));

/** What a page shows. */
function shown(html: string): string {
  const characters: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };
  return html.replaceAll(/&(?:lt|gt|quot|#39|amp);/gu, (entity) => characters[entity]!).replaceAll(/\s+/gu, " ");
}

describe("text of others in Markdown", () => {
  test.each([
    ["- ", "<ul>\n<li>", "</li>\n</ul>\n"],
    ["# ", "<h1>", "</h1>\n"],
    ["", "<p>", "</p>\n"],
    ["| | |\n| --- | --- |\n| x | ", undefined, undefined],
  ])("after %j says what it says, and nothing else", (before, start, end) => {
    fc.assert(
      fc.property(
        markup.filter((text) => !/www|@|http|ftp/iu.test(text)),
        (text) => {
          const line = markdownLine(text);
          fc.pre(line !== "");
          const html = marked.parse(start === undefined ? `${before}${line} |` : before + line, { gfm: true }) as string;
          const [opening, closing] =
            start === undefined ? (["<td>x</td>\n<td>", "</td>\n</tr>\n</tbody></table>\n"] as const) : [start, end!];
          const from = html.indexOf(opening) + opening.length;
          expect(html.endsWith(closing), html).toBe(true);
          expect(shown(html.slice(from, -closing.length))).toBe(visibleLine(text).trim().replaceAll(/\s+/gu, " "));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("leaves addresses and names readable, makes links of nothing but addresses, and cuts what is long", () => {
    expect(markdownLine("facebook/encodec_24khz is CC-BY-NC-4.0 (https://example.org/LICENSE, 2023-04-26)")).toBe(
      "facebook/encodec_24khz is CC-BY-NC-4.0 (https://example.org/LICENSE, 2023-04-26)",
    );
    expect(marked.parse(markdownLine("[MIT](javascript:x) <https://evil.example> ![](https://evil.example/pixel)"))).not.toMatch(
      /<img|javascript:[^<]*"|href="(?!https:\/\/evil)/u,
    );
    expect(markdownLine("x".repeat(10 ** 5)).length).toBeLessThan(2100);
    expect(markdownName("facebook/encodec_24khz")).toBe("`facebook/encodec_24khz`");
    expect(markdownName("`a` <b>")).toBe("\\`a\\` &lt;b&gt;");
  });
});

const hostile = 'x\n\n# PWNED\n---\n<script>alert(1)</script> | [a](https://evil.example)\u001b[2J\u202e\u0085\u2028```\n- y: "z"';

const info: DatasetInfo = {
  files: [],
  tool: { name: "encodec-tokenizer", version: "0.1.0" },
  codec: {
    sample_rate: 24_000,
    channels: 1,
    hop_length: 320,
    frame_rate: 75,
    codebook_size: 1024,
    num_codebooks: 2,
    bandwidth: 1.5,
    segment_length: null,
    segment_stride: null,
    model: hostile,
    revision: hostile,
    digest: hostile,
    license: hostile,
    license_status: "settled",
  },
  license: {
    subject: hostile,
    revision: hostile,
    declared: { card: [hostile], api: null },
    upstream: hostile,
    effective: hostile,
    stricterReading: hostile,
    status: "contested",
    classes: ["unknown"],
    evidence: [{ source: hostile, fact: hostile, date: "2026-01-01" }],
  },
  audioLicense: hostile,
  options: {},
  counts: { rows: 1, clips: 1, errors: 0, parts: 1, hours: 1 },
  statistics: noStatistics,
  manifest: { path: "manifest.jsonl", bytes: 0, sha256: "0".repeat(64), lines: 1 },
  errors: { path: "errors.jsonl", bytes: 0, sha256: "0".repeat(64), lines: 0 },
  shards: [],
};

test("a card has the headings, links and fields of a dataset, whatever others wrote", () => {
  for (const about of [info, { ...info, license: null }]) {
    const card = formatDatasetCard(about, { title: hostile, languages: [hostile], description: "Read *aloud*.\n\nTwice.\u001b[2J" });
    expect(card.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    const [, yaml, text] = /^---\n([^]*?)^---\n([^]*)$/mu.exec(card)!;
    const fields = parse(yaml!) as Readonly<Record<string, unknown>>;
    expect(Object.keys(fields)).toEqual([
      "pretty_name",
      "license",
      "license_name",
      "license_link",
      "language",
      "size_categories",
      "tags",
      "configs",
    ]);
    expect(fields["pretty_name"]).toBe(visibleLine(hostile));
    const html = marked.parse(text!) as string;
    expect(Array.from(html.matchAll(/<h(\d)>([^<]*)/gu), ([, level, heading]) => `${level} ${heading!.slice(0, 7)}`)).toEqual([
      "1 x\\n\\n# ",
      "2 Files",
      "2 License",
    ]);
    expect(html).not.toMatch(/<script|<hr/u);
    expect(html).toContain("<p>Read <em>aloud</em>.</p>\n<p>Twice.\\u001b[2J</p>");
    expect(
      text!
        .split("\n")
        .filter((line) => line.includes("PWNED"))
        .every((line) => line.includes(visibleLine("\n# ")) || line.includes("\\\\n\\\\n")),
    ).toBe(true);
  }
});

test("a figure is sound XML whose text stands as it is read", () => {
  const codes = new AudioCodes({
    data: new Uint16Array(2),
    shape: [1, 1, 2],
    scales: null,
    numSamples: 640,
    sampleRate: 24_000,
    channels: 1,
    hopLength: 320,
    codebookSize: 1024,
    bandwidth: 0.75,
    segment: null,
    provenance: { model: "tiny", revision: null, digest: null, license: null, licenseStatus: null },
  });
  const wave = { channelData: [new Float32Array(640)], sampleRate: 24_000 };
  const svg = renderCodesFigure({ input: wave, output: wave, codes, title: `${hostile}\ufffe\ud800]]>` });
  expect(svg).toContain("x# PWNED---&lt;script&gt;alert(1)&lt;/script&gt; | [a](https://evil.example)[2J\\u202e\\u2028");
  expect(svg).toContain("\\ufffe\\ud800]]&gt;");
  expect(svg.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe]/u);
});

test("a notice has its own lines only", () => {
  const text = notice([info.license!]);
  expect(text.split("\n").filter((line) => /^# PWNED|^---|^<script/u.test(line))).toEqual([]);
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});
