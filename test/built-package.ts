import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, readdir, rename, rm, stat, symlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "node_modules/.cache/encodec-tokenizer/dist");

/** Builds the package before the first test, unless there is a build that is newer than the sources. */
export default async function buildPackage(): Promise<void> {
  const started = new Date();
  const sources = ["src", "package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"].map((name) => join(root, name));
  const built = await stat(dist).catch(() => undefined);
  if (built !== undefined && built.mtimeMs > (await newest(sources))) return;
  const folder = dirname(dist);
  await mkdir(folder, { recursive: true });
  const next = join(folder, `next-${process.pid}`);
  await promisify(execFile)(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json", "--outDir", next], { cwd: root });
  await copyFile(join(root, "src/runtime/onnx-process.js"), join(next, "runtime/onnx-process.js"));
  await copyFile(join(root, "package.json"), join(folder, "package.json"));
  await symlink(join(root, "models"), join(folder, "models")).catch(() => {});
  // What is edited while the compiler runs is newer than the build.
  await utimes(next, started, started);
  await rm(dist, { recursive: true, force: true });
  await rename(next, dist);
}

/** Path of a file of the build, given by the path of its source below src. */
export function builtFile(source: string): string {
  return join(dist, source.replace(/\.ts$/u, ".js"));
}

/** The same as an address that scripts import. */
export function builtUrl(source: string): string {
  return pathToFileURL(builtFile(source)).href;
}

/** Puts the package into a folder as it is installed. */
export async function installPackage(folder: string): Promise<void> {
  await cp(dist, join(folder, "dist"), { recursive: true });
  await copyFile(join(root, "package.json"), join(folder, "package.json"));
  for (const name of ["node_modules", "models"]) await symlink(join(root, name), join(folder, name));
}

/** When the last of these files and folders, with all that is in them, was changed. */
async function newest(paths: readonly string[]): Promise<number> {
  const times = await Promise.all(
    paths.map(async (path) => {
      const { mtimeMs } = await stat(path);
      const inside = await readdir(path).catch(() => []);
      return Math.max(mtimeMs, await newest(inside.map((name) => join(path, name))));
    }),
  );
  return Math.max(0, ...times);
}
