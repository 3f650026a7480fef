import { readCafHeader } from "./caf-header.ts";
import { isIff, readAiffHeader, readSvxHeader } from "./iff-header.ts";
import { textOf } from "./pcm-layout.ts";
import type { HeaderReading } from "./pcm-layout.ts";
import {
  isIrcam,
  isMpc2000,
  readAuHeader,
  readAvrHeader,
  readIrcamHeader,
  readMpc2000Header,
  readPafHeader,
  readPvfHeader,
  readSphereHeader,
  readVocHeader,
} from "./plain-headers.ts";
import { isW64, isWav, readW64Header, readWavHeader } from "./wav-header.ts";

/** Files that hold samples as they are, or in the simple codes of telephones. */
export type PcmContainer = "wav" | "w64" | "aiff" | "caf" | "au" | "sphere" | "ircam" | "avr" | "mpc2k" | "paf" | "pvf" | "svx" | "voc";

interface PcmFormat {
  /** Name of the format in messages. */
  readonly name: string;
  /** Tells by a file's first bytes, at least 42 of them if it has so many. */
  readonly matches: (head: Uint8Array) => boolean;
  /** @param size Of the whole file. */
  readonly readHeader: (size: number) => HeaderReading;
}

const startsWith =
  (...texts: readonly string[]): ((head: Uint8Array) => boolean) =>
  (head) =>
    texts.some((text) => textOf(head, 0, text.length) === text);

/** All that is to be known of a container. Sources stand where their headers are read. */
export const pcmFormats: Readonly<Record<PcmContainer, PcmFormat>> = {
  wav: { name: "WAV", matches: isWav, readHeader: readWavHeader },
  w64: { name: "Wave64", matches: isW64, readHeader: readW64Header },
  aiff: { name: "AIFF", matches: (head) => isIff(head, "AIFF", "AIFC"), readHeader: readAiffHeader },
  caf: { name: "Core Audio", matches: startsWith("caff"), readHeader: readCafHeader },
  au: { name: "AU", matches: startsWith(".snd", "dns."), readHeader: readAuHeader },
  sphere: { name: "SPHERE", matches: startsWith("NIST_1A\n"), readHeader: readSphereHeader },
  ircam: { name: "IRCAM", matches: isIrcam, readHeader: readIrcamHeader },
  avr: { name: "AVR", matches: startsWith("2BIT"), readHeader: readAvrHeader },
  paf: { name: "PARIS", matches: startsWith(" paf", "fap "), readHeader: readPafHeader },
  mpc2k: { name: "MPC 2000", matches: isMpc2000, readHeader: readMpc2000Header },
  pvf: { name: "PVF", matches: startsWith("PVF1\n"), readHeader: readPvfHeader },
  svx: { name: "8SVX", matches: (head) => isIff(head, "8SVX", "16SV"), readHeader: readSvxHeader },
  voc: { name: "VOC", matches: startsWith("Creative Voice File\x1a"), readHeader: readVocHeader },
};

/** @param head A file's first bytes, at least 42 of them if it has so many. */
export function pcmContainerOf(head: Uint8Array): PcmContainer | undefined {
  return (Object.keys(pcmFormats) as PcmContainer[]).find((container) => pcmFormats[container].matches(head));
}
