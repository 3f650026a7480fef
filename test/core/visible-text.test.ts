import fc from "fast-check";
import { expect, test } from "vitest";
import { visibleLine, visibleText } from "../../src/core/index.ts";

/** Everything that a terminal obeys, that turns text around, or that nobody sees. */
const unseen = [
  ...range(0x00, 0x1f),
  ...range(0x7f, 0x9f), // C0, DEL, C1
  0xad,
  0x34f,
  0x61c,
  0x115f,
  0x180e,
  ...range(0x200b, 0x200f),
  0x2028,
  0x2029,
  ...range(0x202a, 0x202e),
  ...range(0x2060, 0x206f),
  0x3164,
  0xfe0f,
  0xfeff,
  0xfff9,
  0xe0001,
  0xe0041,
  0xe0100,
];

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** Texts with many of those, and with halves of surrogate pairs. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(...unseen).map((code) => String.fromCodePoint(code)),
      fc.string({ unit: "binary" }),
      fc.constantFrom("\ud800", "\udc00", "ß", "日本", "\\"),
    ),
  )
  .map((parts) => parts.join(""));

test("what cannot be seen is written as an escape, and what can be seen stays", () => {
  for (const code of unseen) {
    const shown = visibleLine(`a${String.fromCodePoint(code)}b`);
    expect(shown).toMatch(/^a\\(?:u[0-9a-f]{4}|u[0-9a-f]{4}\\u[0-9a-f]{4}|[bfnrt])b$/u);
    expect(JSON.parse(`"${shown}"`)).toBe(`a${String.fromCodePoint(code)}b`);
  }
  expect(visibleLine("\u001b]0;x\u0007\u009b2J\u202e\ud800\u{e0041}\n")).toBe("\\u001b]0;x\\u0007\\u009b2J\\u202e\\ud800\\udb40\\udc41\\n");
  expect(visibleLine("Ärger 日本語 עברית 🎧 ~ \\ \u00a0é e\u0301")).toBe("Ärger 日本語 עברית 🎧 ~ \\ \u00a0é e\u0301");
});

test("any text becomes one line of characters that are seen, and stays as it is from then on", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const line = visibleLine(text);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(visibleLine(line)).toBe(line);
      expect(visibleText(text)).toBe(text.split("\n").map(visibleLine).join("\n"));
    }),
  );
});

test("JSON keeps its values", () => {
  fc.assert(
    fc.property(fc.dictionary(hostile, hostile), (value) => {
      for (const indent of [0, 2]) expect(JSON.parse(visibleText(JSON.stringify(value, null, indent)))).toEqual(value);
    }),
  );
});
