// What the installed package holds: maps lead to sources that are there, and so do the links of its README.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

const folder = "node_modules/encodec-tokenizer";
const maps = readdirSync(join(folder, "dist"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".map"));
if (!maps.some((name) => name.endsWith(".d.ts.map"))) throw new Error("there are no declaration maps");
for (const name of maps) {
  /** @type {{ sources: string[] }} */
  const { sources } = JSON.parse(readFileSync(join(folder, "dist", name), "utf8"));
  for (const source of sources) lookFor(join("dist", dirname(name), source), name);
}
for (const [, link] of readFileSync(join(folder, "README.md"), "utf8").matchAll(/\]\(([^)#]+)[^)]*\)/gu)) {
  if (!URL.canParse(link ?? "")) lookFor(link ?? "", "README.md");
}

/** @param {string} path @param {string} from */
function lookFor(path, from) {
  if (!existsSync(join(folder, path))) throw new Error(`${from} leads to ${path}, which is not there`);
}
