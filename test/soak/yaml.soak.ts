import { readFileSync } from "node:fs";
import { parseAudiocraftConfig } from "../../src/checkpoint/config/audiocraft-config.ts";
import { fuzz } from "./fuzz.ts";
import { useConfig } from "./use-config.ts";

fuzz({
  name: "YAML options",
  seeds: [readFileSync(new URL("../checkpoint/xp-32khz.yaml", import.meta.url))],
  dictionary: [
    "${",
    "}",
    "&a ",
    "*a",
    "- ",
    "? ",
    ": ",
    "!!str ",
    "|\n",
    ">\n",
    "{",
    "[",
    "'",
    '"',
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "<<: ",
    "# ",
    ".inf",
    "0x10",
    "~",
    "\t",
  ],
  parse: (bytes) => useConfig(parseAudiocraftConfig(new TextDecoder().decode(bytes), "fuzz")),
});
