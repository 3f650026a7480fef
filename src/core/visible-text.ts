/**
 * Characters that nobody sees and that do something all the same: they steer a terminal (C0, DEL, C1), turn the order of a line around
 * (bidirectional controls), end it, or hide in it (joiners, variation selectors, tags, halves of surrogate pairs, what is no character at all).
 */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

/**
 * Text from a file, a server or a job as one line that is safe to show: what cannot be seen is written as JSON writes it, `\u001b` or `\n`.
 * Text that is clean already, or was made visible before, stays as it is; so does the value of a text that is JSON.
 */
export function visibleLine(text: string): string {
  return text.replaceAll(unseen, (character) => (character <= "\u001F" ? JSON.stringify(character).slice(1, -1) : escapesOf(character)));
}

/** The same for text whose line breaks are its own: `\n` stays. */
export function visibleText(text: string): string {
  return text.split("\n").map(visibleLine).join("\n");
}

function escapesOf(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
