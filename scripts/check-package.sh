#!/usr/bin/env bash
# Packs the package, checks what the tarball promises, installs it into an empty project and uses it there.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$root"
npm run --silent build
npm pack --silent --pack-destination "$work" >/dev/null
tarball=$(ls "$work"/*.tgz)
npx --no-install publint run "$tarball" --strict
npx --no-install attw "$tarball" --profile esm-only

mkdir "$work/app"
cd "$work/app"
cp "$root/.npmrc" .
echo '{ "name": "app", "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --prefer-offline "$tarball"
cp "$root/examples/speech.wav" .
cat >use.js <<'JS'
import { AudioTokenizer, readAudio } from "encodec-tokenizer";
import { parseWav } from "encodec-tokenizer/audio";
import { patternProvider } from "encodec-tokenizer/patterns";
import { datasetQueueStatus } from "encodec-tokenizer/queue";

const tokenizer = await AudioTokenizer.fromPretrained("tiny");
const codes = await tokenizer.encode(await readAudio("speech.wav"), { bandwidth: 3 });
const audio = await tokenizer.decode(codes);
await tokenizer.dispose();
const pattern = patternProvider({ kind: "delay", numCodebooks: 4 }).getPattern(codes.numFrames);
const { dims } = pattern.buildSequence(codes, { specialToken: codes.codebookSize });
if (dims.join() !== `1,4,${codes.numFrames + 4}`) throw new Error("the patterns of the installed package do not work");
if (codes.numCodebooks !== 4 || audio.channelData[0]?.length !== codes.numSamples || typeof parseWav !== "function" || typeof datasetQueueStatus !== "function") {
  throw new Error("the installed package does not work");
}
JS
node use.js
cp use.js use.ts
"$root/node_modules/.bin/tsc" --noEmit --strict --module nodenext --target es2022 --typeRoots "$root/node_modules/@types" --types node use.ts
npx --no-install encodec-tokenizer encode speech.wav --quiet
test -s speech.safetensors
if tar -tzf "$tarball" | grep -vE "^package/(dist|models)/|^package/(package.json|README.md|LICENSE|CHANGELOG.md|THIRD-PARTY.md)$"; then
  echo "the tarball holds files that do not belong there" >&2
  exit 1
fi
tar -tzf "$tarball" package/THIRD-PARTY.md >/dev/null
echo "package: $(du -h "$tarball" | cut -f1), installs and works"
