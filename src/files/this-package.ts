import { readFileSync } from "node:fs";

/** Name and version of a program. */
export interface Tool {
  readonly name: string;
  readonly version: string;
}

/** This package, as it calls itself in datasets, to servers and on the command line. */
export function thisPackage(): Tool {
  // Beside `src` and `dist` alike.
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const { name, version } = manifest as Tool;
  return { name, version };
}
