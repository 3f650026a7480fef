import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { printable, printableJson } from "../../src/core/index.ts";

/** A list that holds itself twice per level, over an item that counts how often it is looked at. */
function doubled(depth: number): { readonly list: unknown; readonly looks: () => number } {
  let looks = 0;
  let list: unknown = new Proxy([], {
    get(target, key) {
      looks++;
      return Reflect.get(target, key) as unknown;
    },
  });
  for (let level = 0; level < depth; level++) list = [list, list];
  return { list, looks: () => looks };
}

describe("a value from outside in a message", () => {
  test("is its JSON where that is short", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const json = JSON.stringify(value);
        fc.pre(json.length <= 100 && /^[ -~]*$/.test(json) && !json.includes("-0"));
        expect(printableJson(value)).toBe(json);
      }),
    );
    expect(printableJson(new Map<unknown, unknown>([["a", [1, null]], [2, new Map()]]))).toBe('{"a":[1,null],2:{}}'); // prettier-ignore
    expect([undefined, 2n ** 70n, Number.NaN, true].map(printableJson)).toEqual(["undefined", "1180591620717411303424", "NaN", "true"]);
  });

  test("takes no more work than what is shown of it", () => {
    const { list, looks } = doubled(60);
    expect(printableJson(list)).toMatch(/^\[{61}\],\[\]\],[[\],]*…$/);
    expect(looks()).toBeLessThan(1000);
  });

  test.each([
    ["nests deep", () => Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], [])],
    ["holds itself", () => { const list: unknown[] = []; list.push(list); return list; }], // prettier-ignore
    ["is a long text", () => ["x".repeat(1e6)]],
    ["has long keys", () => ({ ["k".repeat(1e6)]: 1 })],
    ["has keys that nest", () => new Map([[doubled(60).list, 1]])],
    ["has many items", () => Array.from({ length: 1e5 }, (_, index) => index)],
    ["is an object with many keys", () => Object.fromEntries(Array.from({ length: 1e5 }, (_, index) => [`k${index}`, index]))],
  ])("is cut where it %s", (_, make) => {
    expect(printableJson(make()).length).toBeLessThanOrEqual(101);
  });

  test("and text have nothing in them that is not seen", () => {
    expect(printable("a\u001b[31mb\u202ec\n")).toBe("a\\u001b[31mb\\u202ec\\n");
    expect(printableJson({ "\u009b": "\u2028" })).toBe('{"\\u009b":"\\u2028"}');
    expect(printable("🎵".repeat(60))).toBe(`${"🎵".repeat(50)}…`);
  });
});
