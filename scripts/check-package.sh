#!/usr/bin/env bash
# Builds and packs the package, checks what the tarball promises, installs it into an empty project and uses it there as strangers do.
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
echo '{ "name": "app", "private": true, "type": "module" }' >package.json
ONNXRUNTIME_NODE_INSTALL=skip npm install --silent --no-audit --no-fund --prefer-offline "$tarball"
cp "$root/examples/speech.wav" "$root"/scripts/consumer/* .
node use.js
node use.cjs

# No skipLibCheck: the declarations compile without what is not installed.
tsc() {
  "$root/node_modules/.bin/tsc" --noEmit --strict --exactOptionalPropertyTypes --module nodenext --typeRoots "$root/node_modules/@types" --types node "$@" types.ts
}
tsc --target es2022
tsc --target es2022 --lib es2023,esnext.disposable

npx --no-install encodec-tokenizer encode speech.wav --quiet
test -s speech.safetensors
if npx --no-install encodec-tokenizer tokenize enqueue . --output codes >/dev/null 2>queue.txt || ! grep -q "npm install bullmq" queue.txt; then
  echo "tokenize enqueue does not say that bullmq is to be installed" >&2
  exit 1
fi

if tar -tzf "$tarball" | grep -vE "^package/(dist|src|models|docs|examples)/|^package/(package.json|LICENSE|[A-Z-]+\.md)$"; then
  echo "the tarball holds files that do not belong there" >&2
  exit 1
fi
tar -tzf "$tarball" package/THIRD-PARTY.md >/dev/null
node contents.js
echo "package: $(du -h "$tarball" | cut -f1), installs and works"
