import fc from "fast-check";
import { expect, test } from "vitest";
import { shownAddress } from "../../src/core/index.ts";

test.each([
  ["https://huggingface.co", "https://huggingface.co"],
  ["http://127.0.0.1:8080/mirror/", "http://127.0.0.1:8080/mirror/"],
  ["https://me:secret@hub.example/hf", "https://hub.example/hf"],
  ["https://secret@hub.example", "https://hub.example"],
  ["https://hub.example/x?token=secret#secret", "https://hub.example/x"],
  ["https:/me:secret@hub.example", "https://hub.example"],
  ["redis://:secret@[::1]:6379/0", "redis://[::1]:6379/0"],
  ["rediss://me:secr%zt@redis.example", "rediss://redis.example"],
])("%j is shown as %j", (address, shown) => {
  expect(shownAddress(address)).toBe(shown);
});

test.each([
  "secret",
  "me:secret@hub.example",
  "https://me:secret@:99999",
  "https://me:sec/ret@hub.example",
  "https://me:12/secret@hub.example",
  "https://me:12#secret@hub.example",
  "https://me:12?secret@hub.example",
  "https://me:12/secret%40hub.example",
  "redis://me:12#secret@redis.example",
  "htp:me:secret@x",
  "https://",
  "",
])("nothing of %j is shown", (address) => {
  expect(shownAddress(address)).toBe("(an address that is not shown)");
});

test("no password is shown, whatever characters it has and wherever it is put", () => {
  const password = fc.string({ unit: "binary", minLength: 4, maxLength: 20 }).filter((text) => !/^[a-z0-9.:/ ]*$/iu.test(text));
  const frame = fc.constantFrom(
    (p: string) => `https://me:${p}@hub.example/x`,
    (p: string) => `redis://:${p}@h:1`,
    (p: string) => `https://${p}@h`,
    (p: string) => `me:${p}@h`,
    (p: string) => `https//me:${p}@h`,
  );
  fc.assert(
    fc.property(password, frame, (secret, framed) => {
      const shown = shownAddress(framed(secret));
      expect(shown).not.toContain(secret);
      expect(shown.length).toBeLessThanOrEqual(200);
      // The parts before a character that ends the host are not shown either.
      expect(["https://hub.example/x", "redis://h:1", "https://h", "(an address that is not shown)"]).toContain(shown);
    }),
    { numRuns: 1000 },
  );
});
