import { error, LIKE_THAT, type Rule, warning } from "./rule.ts";

/** Rules of everything else on the card: health log, network, leftovers. Most of them only gwcard looks at. */
export const SITE_RULES = {
  // The health log's own file.
  "log-limit": error(
    "R155 R156 R167",
    "{key} {fault}; no health log is written",
    "write {key}=<bytes>, for example {key}={example}",
  ),
  "log-file": error("R154", "{reason}", "correct the file on the card"),
  "log-limits-order": warning(
    "R156 R167",
    "DirectorySizeLimit is smaller than LogFileSizeLimit; a log file never becomes as large as the latter",
    "make DirectorySizeLimit a multiple of LogFileSizeLimit",
  ),
  "log-card": warning(
    "R164 L24",
    "DirectorySizeLimit is more than the {most} bytes of HW-LOG; the health log stays below that",
    "write a smaller number",
  ),
  "log-line": warning(
    "R154",
    "the line is none of LogFileSizeLimit=<bytes> and DirectorySizeLimit=<bytes>, it has no effect",
    "correct or remove it",
  ),

  // What else lies on the card.
  "file-backup": warning(
    "K20",
    "it looks like a backup or an editor's leftover, and may hold what was meant to be gone",
    "remove it from the card",
  ),
  "file-unused": warning(
    "K15 K21",
    "the gateway does not use this file",
    "remove it from the card, or correct the setting that should name it",
  ),

  // dhcpcd.conf of HW-INW and HW-ENW.
  "network-file": error("R29", "{reason}", "correct the file on the card"),
  "network-directive": warning(
    "R29",
    "dhcpcd knows no setting {name}, it has no effect",
    "check the spelling or remove it",
  ),
  "network-interface": error(
    "R30 R32",
    "what stands below this line is left out: it is for the interface {name}, and this file is for {own} alone",
    "remove the line: the partition chooses the interface",
  ),
  "network-interface-needless": warning(
    "R30",
    "the line is not needed: this file is for {own} alone, and what stands below it is used",
    "remove the line",
  ),
  "network-own": warning(
    "R29 R31",
    "{name} is left out: it is not for a file to decide on this device",
    "remove it",
  ),
  "network-ipv6": warning("R29", "the gateway speaks IPv4 only, {name} has no effect", "remove it"),
  "network-static": error(
    "R30",
    "must be written static ip_address=A.B.C.D/PREFIX, static routers=A.B.C.D or the like",
    LIKE_THAT,
  ),
  "network-address": error("R30", "{found} is no IPv4 address", "write four numbers from 0 to 255"),
  "network-prefix": error(
    "R30",
    "{found} has no prefix length from 1 to 32",
    "write the address as A.B.C.D/PREFIX, for example 192.168.1.177/24",
  ),
  "network-no-host": error(
    "R30",
    "{found} is the {part} address of its network, no host can have it",
    "write another address",
  ),
  "network-router-outside": warning(
    "R30",
    "the router {router} is not in the network of {address}",
    "correct the address, its prefix or the router",
  ),
  "network-length": error(
    "R29",
    "the gateway reads lines of up to {bytes} bytes, and no more than {lines} of them",
    "take out what is not needed",
  ),
  "network-twice": warning(
    "R29 R30",
    "{name} was set in line {line} already; the last one counts",
    "keep one of the two",
  ),
  "network-overlap": warning(
    "R27 R31",
    "the internal network {internal} and the external network {external} overlap",
    "give each side a network of its own",
  ),
  "network-peer-outside": warning(
    "R30 R45 R85",
    "{host} is not in the network of {address}, and there is no static routers",
    "correct the address, or write static routers=A.B.C.D",
  ),
  "network-no-names": warning(
    "R30 R45 R85",
    "the static settings name no name server, so the name {host} can't be found",
    "write static domain_name_servers=A.B.C.D, or an address instead of the name",
  ),
} as const satisfies Readonly<Record<string, Rule>>;
