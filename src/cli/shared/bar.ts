import { SingleBar } from "cli-progress";
import { visibleLine } from "../../core/index.ts";
import { plainLine } from "./plain-line.ts";
import { admitsEscapes, tell } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

/** A bar has so many characters at most; where there is no room for the least of them, there are only the words. */
const [mostCharacters, leastCharacters] = [24, 8];

/** What stands in the line of a bar. */
export interface BarWords {
  /** What stands at the start of the line. */
  readonly name?: string;
  /** What stands beside the bar: the first of these that fits the terminal, so the longest comes first. */
  readonly texts: readonly string[];
  /** Whether there is an end, and so a bar. @default true */
  readonly hasEnd?: boolean;
}

/** A bar in one line of a terminal. It appears with the first report; while it is there, nothing but its notes is to be written to the terminal. */
export class Bar {
  readonly #terminal: Terminal;
  readonly #bar: SingleBar;
  #latest: readonly [total: number, done: number, words: BarWords] | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    const { stderr } = terminal;
    this.#bar = new SingleBar({
      stream: stderr,
      clearOnComplete: true,
      hideCursor: false,
      // The terminal goes on to wrap lines, also when the process is gone at once: lines are made to fit instead.
      linewrap: true,
      fps: 5,
      format: (_, { progress, maxWidth }, words: BarWords) => barLine(words, progress, maxWidth),
      ...(admitsEscapes() ? {} : { terminal: plainLine(stderr) }),
    });
  }

  show(done: number, total: number, words: BarWords): void {
    this.#latest = [total, done, words];
    if (this.#bar.isActive) {
      this.#bar.setTotal(total);
      this.#bar.update(done, words);
    } else {
      this.#bar.start(...this.#latest);
    }
  }

  /** Tells a message above the bar. */
  note(message: string): void {
    this.#bar.stop();
    tell(this.#terminal, message);
    if (this.#latest !== undefined) this.#bar.start(...this.#latest);
  }

  /** Takes the bar away. */
  stop(): void {
    this.#bar.stop();
    this.#latest = undefined;
  }
}

/** `speech.wav  ████████░░░░ 66 %  2 of 3 files`, in fewer characters than the terminal has columns: first the bar gives way, then the name. */
function barLine({ name = "", texts, hasEnd = true }: BarWords, progress: number, columns: number): string {
  const percentage = hasEnd ? `${Math.floor(progress * 100)} %` : "";
  const ends = texts.map((text) => [percentage, text].filter((words) => words !== "").join("  "));
  const start = name === "" ? "" : `${endOf(name, columns - 3 - ends.at(-1)!.length)}  `;
  const room = columns - 1 - start.length;
  const ofBar = (end: string): number => (hasEnd ? room - end.length - 1 : 0);
  const end = ends.find((words) => ofBar(words) >= leastCharacters) ?? ends.find(({ length }) => length <= room) ?? ends.at(-1)!;
  const characters = Math.min(mostCharacters, ofBar(end));
  const filled = Math.round(progress * characters);
  const bar = characters < leastCharacters ? "" : `${"█".repeat(filled)}${"░".repeat(characters - filled)} `;
  return `${start}${bar}${end}`.slice(0, columns - 1);
}

/** A name in one line, or as much of its end as there is room for. */
function endOf(name: string, width: number): string {
  const line = visibleLine(name.replaceAll(/\p{Cc}/gu, " "));
  return line.length <= width ? line : `…${line.slice(line.length - Math.max(0, width - 1))}`;
}
