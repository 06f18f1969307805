/**
 * The settings that dhcpcd 10 knows (dhcpcd.conf(5)), by what they mean for a gateway whose two sides are fixed; the same
 * as in `dhcp-settings` on the device, which passes on what is in `OTHER_WORDS`.
 */

/** The gateway decides these itself: programs, names, where things are written, which interface, how it runs. */
export const OWN_WORDS: ReadonlySet<string> = new Set(
  (
    "script config env logfile controlgroup allowinterfaces denyinterfaces background nobackground manager master dev " +
    "nodev test exit release renew rebind reconfigure variables dumplease printpidfile oneshot inactive noup nolink " +
    "link_rcvbuf configure noconfigure ssid ipv6only noipv4 include"
  ).split(" "),
);

/** About IPv6, which is off; what switches it off too is in order. */
export const IPV6_WORDS: ReadonlySet<string> = new Set(
  "slaac dhcp6 ia_na ia_ta ia_pd ipv6ra_autoconf ipv6ra_noautoconf ipv6ra_fork ipv6rs ipv6 inform6".split(
    " ",
  ),
);
export const IPV6_OFF_WORDS: ReadonlySet<string> = new Set("noipv6 noipv6rs nodhcp6".split(" "));

/** All others but `interface` and `static`. */
export const OTHER_WORDS: ReadonlySet<string> = new Set(
  (
    "anonymous arping arp_persistdefence blacklist bootp broadcast clientid debug define definend destination dhcp duid " +
    "embed encap fallback fallback_time fqdn gateway hostname hostname_short iaid inform ipv4 ipv4only lastlease " +
    "lastleaseextend leasetime metric msuserclass mudurl noalias noarp nodelay nodhcp nogateway nohook noipv4ll nooption " +
    "option persistent profile quiet randomise_hwaddr reboot reject request request_time require timeout userclass " +
    "vendclass vendor vendorclassid vendopt waitip whitelist xidhwaddr"
  ).split(" "),
);
