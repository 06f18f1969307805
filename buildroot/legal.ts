/** legal_notices.txt: what is on the card, from whom, under which terms. */
export interface Notice {
  readonly component: string;
  readonly version: string;
  readonly text: string;
}

const RULE = "=".repeat(100);

/** `origin`: where the components come from, lines for the beginning. */
export function legalNotices(options: { notices: readonly Notice[]; origin: readonly string[] }): string {
  const sorted = [...options.notices].sort((a, b) => (a.component < b.component ? -1 : 1));
  const contents = sorted.map((notice) => `  ${notice.component} ${notice.version}`).join("\n");
  const chapters = sorted.map(
    (notice) => `${RULE}\n${notice.component} ${notice.version}\n${RULE}\n\n${notice.text.trim()}\n`,
  );
  return [
    "Legal notices",
    "",
    "The operating system on this card consists of the components below.",
    ...options.origin,
    "",
    contents,
    "",
    ...chapters,
  ].join("\n");
}
