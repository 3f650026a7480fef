import { readFileSync } from "node:fs";

/** Name and version of a program. */
export interface Tool {
  readonly name: string;
  readonly version: string;
}

/** This package, as its datasets name it. */
export function thisTool(): Tool {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const { name, version } = manifest as Tool;
  return { name, version };
}
