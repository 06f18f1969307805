/** Whether what a process holds has grown: JavaScript's heap, resident memory, descriptors. */

export interface Holdings {
  /** Bytes that JavaScript's objects take. */
  readonly heap: number;
  /** Bytes of anonymous memory in RAM: JavaScript's, OpenSSL's and the C library's. */
  readonly resident: number;
  /** What each descriptor is, by number. */
  readonly descriptors: readonly string[];
}

/** JavaScript's heap may differ by what one connection holds that is not quite gone yet. */
const HEAP_TOLERANCE = 16 * 1024;
/** Resident memory moves by pages and by how the C library's free lists lie. */
const RESIDENT_TOLERANCE = 512 * 1024;

export interface Allowance {
  /** AddressSanitizer keeps freed memory, so RAM says nothing. */
  readonly sanitized?: boolean;
  /** Bytes by which JavaScript's heap may differ. */
  readonly heap?: number;
}

/** "flat", or what has grown by how much. */
export function difference(
  before: Holdings,
  after: Holdings,
  { sanitized = false, heap: heapTolerance = HEAP_TOLERANCE }: Allowance = {},
): string {
  const problems: string[] = [];
  const heap = after.heap - before.heap;
  const resident = after.resident - before.resident;
  const descriptors = after.descriptors.join(", ");
  if (heap > heapTolerance) problems.push(`heap +${heap}`);
  if (!sanitized && resident > RESIDENT_TOLERANCE) problems.push(`resident +${resident}`);
  if (descriptors !== before.descriptors.join(", "))
    problems.push(`descriptors before: ${before.descriptors.join(", ")}; after: ${descriptors}`);
  return problems.length > 0 ? problems.join("; ") : "flat";
}
