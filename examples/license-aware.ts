/**
 * Chooses a checkpoint by what it may be used for, codes speech with it, and writes what an app that ships it has to say.
 * Runs offline: the choice falls on the embedded checkpoint.
 */
import { fileURLToPath } from "node:url";
import { notice, selectCheckpoint, summarizeLicenses } from "encodec-tokenizer/hub";
import { AudioTokenizer, readAudio } from "encodec-tokenizer";

const { best, passedOver } = selectCheckpoint({ sampleRate: 24_000, minBandwidth: 6, licensePolicy: "commercial" });
if (best === null) throw new Error("no checkpoint passes");
console.log(`${best.id}: ${best.license.effective}, ${best.license.status}; ${best.notes.join("; ")}`);

const official = passedOver.find(({ id }) => id === "facebook/encodec_24khz")!;
console.log(official.reasons.join("\n"));

await using tokenizer = await AudioTokenizer.fromPretrained(best.id);
const speech = await readAudio(fileURLToPath(new URL("speech.wav", import.meta.url)));
const codes = await tokenizer.encode(speech, { bandwidth: 6 });

const { effective, isAllowed } = summarizeLicenses([codes.provenance], "commercial");
console.log(`${codes.numFrames} frames under ${effective}: ${isAllowed ? "admitted" : "refused"}`);
console.log(notice([best.id]));

// Where nothing passes, the answer says which criterion would have to be relaxed.
for (const { drop, gains } of selectCheckpoint({ sampleRate: 16_000, licensePolicy: "permissive" }).relaxations) {
  console.log(`without ${drop.join(" and ")}: ${gains.join(", ")}`);
}
