/** legal_notices.txt: what is on the card, from whom, under which terms. */
export interface Notice {
  readonly component: string;
  readonly version: string;
  readonly text: string;
}

const RULE = "=".repeat(100);

export function legalNotices(notices: readonly Notice[]): string {
  const sorted = [...notices].sort((a, b) => (a.component < b.component ? -1 : 1));
  const contents = sorted.map((notice) => `  ${notice.component} ${notice.version}`).join("\n");
  const chapters = sorted.map(
    (notice) => `${RULE}\n${notice.component} ${notice.version}\n${RULE}\n\n${notice.text.trim()}\n`,
  );
  return [
    "Legal notices",
    "",
    "The operating system on this card consists of the components below. Each was built from the source package of the",
    "same name and version of Debian 13; these packages, with all patches, are Debian's and are published by Debian.",
    "",
    contents,
    "",
    ...chapters,
  ].join("\n");
}
