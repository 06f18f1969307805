/** The host name as the kernel has it. The package asks the DNS for it on import, before a cell has its network. */
import { hostname } from "node:os";

export function getHostname(): string {
  return hostname();
}

export async function extractFullyQualifiedDomainName(): Promise<string> {
  return hostname();
}
