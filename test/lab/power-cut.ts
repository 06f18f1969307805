/** Judges of what a power cut leaves on the card's one writable partition. */
import { run } from "./process.ts";

/** e2fsck's exit code when it has corrected everything: replaying the journal counts as that. */
const CORRECTED = 1;

/** The partition, cut out of a card, has a journal to replay and no damage whatever. */
export async function checkFileSystem(options: {
  readonly image: string;
  readonly offset: number;
  readonly size: number;
  /** Where the partition is copied to; this copy then has its journal replayed. */
  readonly copy: string;
}): Promise<void> {
  const { image, offset, size, copy } = options;
  const MIB = 1024 ** 2;
  await run([
    "dd",
    ...[`if=${image}`, `of=${copy}`, "bs=1M", "conv=sparse", "status=none"],
    ...[`skip=${offset / MIB}`, `count=${size / MIB}`],
  ]);
  await run(["e2fsck", "-p", "-E", "journal_only", copy], { accept: [CORRECTED] });
  await run(["e2fsck", "-f", "-n", copy]);
}
