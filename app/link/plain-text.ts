/**
 * Text from outside (node names, certificate subjects, a peer's error texts) goes into the log: control characters would
 * end the line or steer a terminal, line separators look like a line's end, and bidirectional controls make a text
 * read as something else than it is.
 */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+/g;

/** The text as one line that shows what it says. */
export function plainText(text: string): string {
  return text.replace(UNSAFE, " ");
}
