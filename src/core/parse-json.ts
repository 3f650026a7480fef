/** Longest JSON from outside, in bytes: parsing takes some 50 ms, during which nothing else can be done. */
export const maxJsonLength: number = 2 ** 21;

/** Deepest that lists and objects of JSON from outside nest. What is known of files and answers nests six deep. */
const usualDepth = 64;

/**
 * Parses JSON from outside. What nests deep takes many times the memory of other text, and ends every function that walks through it
 * by calling itself.
 * @param maxDepth How deep it may nest. By default 64.
 * @throws SyntaxError if it is no JSON, nests deeper, or is longer than `maxJsonLength`.
 */
export function parseJson(text: string, maxDepth: number = usualDepth): unknown {
  if (text.length > maxJsonLength) throw new SyntaxError(`it has ${text.length} characters; at most ${maxJsonLength} are read`);
  checkDepth(text, maxDepth);
  return JSON.parse(text);
}

function checkDepth(text: string, maxDepth: number): void {
  let depth = 0;
  let isString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (isString) {
      if (character === 0x5c) at++;
      else if (character === 0x22) isString = false;
    } else if (character === 0x22) {
      isString = true;
    } else if (character === 0x5b || character === 0x7b) {
      if (++depth > maxDepth) throw new SyntaxError(`it nests more than ${maxDepth} deep`);
    } else if (character === 0x5d || character === 0x7d) {
      depth--;
    }
  }
}
