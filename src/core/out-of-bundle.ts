/** What to do where the code of this package does not lie beside its files, as in a bundle. */
export const outOfBundle: string =
  "in a bundle they are not. Leave encodec-tokenizer out of it, as an external package that is installed where the bundle runs " +
  "(esbuild: --external:encodec-tokenizer, Next.js: serverExternalPackages, webpack: externals; see docs/installing.md)";
