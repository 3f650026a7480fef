import { readFileSync } from "node:fs";
import { outOfBundle } from "../core/index.ts";

/** Name and version of a program. */
export interface Tool {
  readonly name: string;
  readonly version: string;
}

/** This package, as it calls itself in datasets, to servers and on the command line. @throws Error where its code is in a bundle. */
export function thisPackage(): Tool {
  try {
    // Beside `src` and `dist` alike.
    const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    const { name, version } = manifest as Tool;
    if (name === "encodec-tokenizer") return { name, version };
  } catch {
    // None is there, or nobody knows where that is.
  }
  throw new Error(`the version of encodec-tokenizer is in its package.json, which has to be beside its code, and ${outOfBundle}`);
}
