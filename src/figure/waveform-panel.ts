import { durationOf } from "../core/index.ts";
import type { Waveform } from "../core/index.ts";
import { envelopePath } from "./envelope.ts";
import { axisName, colours, frame, leftTick, panelName } from "./panel.ts";
import type { Box } from "./panel.ts";
import { element, label, line } from "./svg.ts";
import { threeTicks, ticksBetween } from "./ticks.ts";

export interface WaveformScale {
  /** Length of the time axis. */
  readonly seconds: number;
  /** Sample value at the top of a lane. */
  readonly amplitude: number;
  readonly colour: string;
}

/** A waveform's outline over time, a lane for each channel. */
export function waveformPanel(name: string, waveform: Waveform, box: Box, { seconds, amplitude, colour }: WaveformScale): string {
  const { channelData } = waveform;
  const height = box.height / channelData.length;
  const width = (durationOf(waveform) / seconds) * box.width;
  const ticks = channelData.length === 1 ? ticksBetween(-amplitude, amplitude, 5) : threeTicks(amplitude);
  const lanes = channelData.map((samples, channel) => {
    const middle = box.top + (channel + 0.5) * height;
    const path = envelopePath(samples, Math.ceil(width), { left: box.left, width, middle, height, amplitude });
    const marks = ticks.map((tick) => leftTick(tick.label, middle - (tick.value / amplitude) * (height / 2), box, "amplitude"));
    const zero = line(box.left, middle, box.left + box.width, middle, { stroke: colours.rule });
    return zero + element("path", { d: path, fill: colour, class: "waveform" }) + marks.join("");
  });
  const names = channelData.length === 2 ? ["left", "right"] : [];
  const sides = names.map((side, channel) =>
    label(side, box.left + box.width + 8, box.top + (channel + 0.5) * height + 4, { fill: colours.faint }),
  );
  return [panelName(name, box), ...lanes, ...sides, frame(box), axisName("amplitude", box)].join("");
}
