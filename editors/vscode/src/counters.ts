// How many suggestions were offered, accepted, and still there a while after that: kept on this machine, shown when
// asked for, sent nowhere. Without vscode, so that it runs anywhere.

export interface Counts {
  offered: number; // answers that held a suggestion
  accepted: number; // as a whole
  retained: number; // of these, still there unchanged after retainMs
  acceptedCharacters: number;
  retainedCharacters: number;
}

export const noCounts: Counts = { offered: 0, accepted: 0, retained: 0, acceptedCharacters: 0, retainedCharacters: 0 };

export const retainMs = 30_000;

// A change of a document: `text` in place of `length` characters at `offset`.
export interface Change {
  offset: number;
  length: number;
  text: string;
}

// Where a text that stood at `offset` stands after `change`; changes inside it leave it where it is.
export function moved(offset: number, change: Change): number {
  return change.offset + change.length <= offset ? offset + change.text.length - change.length : offset;
}

function percent(part: number, whole: number): string {
  return whole > 0 ? ` (${Math.round((100 * part) / whole)}%)` : '';
}

export function countLines(counts: Counts): string[] {
  const { offered, accepted, retained, acceptedCharacters, retainedCharacters } = counts;
  return [
    `${offered} suggestions offered, ${accepted} accepted${percent(accepted, offered)}, ` +
      `${retained} of these unchanged after ${retainMs / 1000} s${percent(retained, accepted)}`,
    `${acceptedCharacters} characters accepted, ${retainedCharacters} unchanged`,
  ];
}
