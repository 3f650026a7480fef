import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { ContentIndex } from "../../src/dataset/plan/content-index.ts";

function digestOf(i: number): Uint8Array {
  return createHash("sha256").update(String(i)).digest();
}

function digestEndingIn(last: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? last : 7));
}

test("a digest is known from its first number on, as it grows", () => {
  const index = new ContentIndex();
  for (let i = 0; i < 5000; i++) expect(index.add(digestOf(i), 10 * i)).toBeUndefined();
  for (let i = 0; i < 5000; i++) expect(index.add(digestOf(i), 1)).toBe(10 * i);
  expect(index.size).toBe(5000);
});

test("digests that share their first word are told apart", () => {
  const index = new ContentIndex();
  for (let i = 0; i < 50; i++) expect(index.add(digestEndingIn(i), i)).toBeUndefined();
  for (let i = 0; i < 50; i++) expect(index.add(digestEndingIn(i), 0)).toBe(i);
});
