import { checkWaveform, durationOf } from "../core/index.ts";
import type { AudioCodes, Waveform } from "../core/index.ts";
import { codesPanel } from "./codes-panel.ts";
import { peakOf } from "./envelope.ts";
import { colours, figureDocument } from "./panel.ts";
import type { Box } from "./panel.ts";
import { label, line } from "./svg.ts";
import { ticksBetween } from "./ticks.ts";
import { waveformPanel } from "./waveform-panel.ts";

/** What `renderCodesFigure` draws. */
export interface CodesFigureOptions {
  readonly input: Waveform;
  /** What the codes decode to. */
  readonly output: Waveform;
  readonly codes: AudioCodes;
  /** A line above the figure, such as the name of the recording. */
  readonly title: string;
}

const width = 1000;
const height = 640;
const plot = { left: 78, width: 810 };
const inputBox: Box = { ...plot, top: 88, height: 110 };
const codesBox: Box = { ...plot, top: 236, height: 196 };
const outputBox: Box = { ...plot, top: 470, height: 110 };

/**
 * Draws a clip, its codes and what they decode to over one time axis, as an SVG document of 1000 × 640 units.
 *
 * ```text
 * input waveform       outline of each channel
 * codes                codebook × time, colour = code          │ colour bar
 * output waveform
 * seconds
 * ```
 *
 * However long the clip, the document stays small: outlines have a point per unit, and the codes are one little picture.
 * @throws TypeError if a waveform has no channels, or channels of different lengths.
 */
export function renderCodesFigure({ input, output, codes, title }: CodesFigureOptions): string {
  checkWaveform(input);
  checkWaveform(output);
  const seconds = Math.max(codes.duration, durationOf(input), durationOf(output));
  const amplitude = Math.max(peakOf(input.channelData), peakOf(output.channelData)) * 1.05 || 1;
  return figureDocument(
    width,
    height,
    label(title, plot.left, 34, { "font-size": 17, "font-weight": 600 }),
    label(describeCodes(codes), plot.left, 54, { fill: colours.faint }),
    timeRules(seconds),
    waveformPanel("Input", input, inputBox, { seconds, amplitude, colour: "#475569" }),
    codesPanel(codes, codesBox, seconds),
    waveformPanel("Output", output, outputBox, { seconds, amplitude, colour: "#2a788e" }),
    timeAxis(seconds),
  );
}

function describeCodes(codes: AudioCodes): string {
  const numFrames = Math.ceil(codes.numSamples / codes.hopLength);
  const books = codes.numCodebooks === 1 ? "1 codebook" : `${codes.numCodebooks} codebooks`;
  const bandwidth = `${Number(codes.bandwidth.toFixed(3))} kbps`;
  return [codes.provenance.model, `${codes.sampleRate / 1000} kHz`, `${books} × ${numFrames} frames`, bandwidth].join(" · ");
}

/** Hair lines at the ticks of the time axis, behind the waveforms. */
function timeRules(seconds: number): string {
  return timeMarks(seconds)
    .flatMap(({ x }) => [inputBox, outputBox].map((box) => line(x, box.top, x, box.top + box.height, { stroke: colours.rule })))
    .join("");
}

function timeAxis(seconds: number): string {
  const bottom = outputBox.top + outputBox.height;
  const marks = timeMarks(seconds).map(
    ({ x, text }) =>
      line(x, bottom, x, bottom + 5, { stroke: colours.faint }) + label(text, x, bottom + 19, { "text-anchor": "middle", class: "time" }),
  );
  return marks.join("") + label("time (s)", plot.left + plot.width / 2, bottom + 40, { "text-anchor": "middle" });
}

function timeMarks(seconds: number): readonly { readonly x: number; readonly text: string }[] {
  return ticksBetween(0, seconds, 11).map((tick) => ({ x: plot.left + (tick.value / seconds) * plot.width, text: tick.label }));
}
