/** The settings that dhcpcd 10 knows (dhcpcd.conf(5)), by what they mean for a gateway whose two sides are fixed. */

/** The gateway decides these itself: programs, names, where things are written, which interface, how it runs. */
export const OWN_WORDS: ReadonlySet<string> = new Set(
  (
    "script nohook noipv4 ipv6only env config configure noconfigure controlgroup logfile debug background nobackground " +
    "allowinterfaces denyinterfaces dev nodev manager oneshot test dumplease exit release rebind renew " +
    "reconfigure printpidfile persistent variables anonymous randomise_hwaddr inactive noup"
  ).split(" "),
);

/** About IPv6, which is off. */
export const IPV6_WORDS: ReadonlySet<string> = new Set(
  (
    "inform6 ipv6 ipv6rs ipv6ra_autoconf ipv6ra_fork ipv6ra_noautoconf ia_na ia_ta ia_pd dhcp6 slaac " +
    "define6 vendclass mudurl"
  ).split(" "),
);

/** All others. */
export const OTHER_WORDS: ReadonlySet<string> = new Set(
  (
    "interface profile ssid arping arp_persistdefence authprotocol authtoken noauthrequired blacklist whitelist bootp " +
    "broadcast clientid define definend embed encap destination dhcp nodhcp nodhcp6 duid iaid fallback fallback_time " +
    "fqdn gateway nogateway hostname hostname_short inform ipv4 ipv4only noipv6 noipv6rs ipv4ll_time noipv4ll " +
    "lastlease lastleaseextend leasetime link_rcvbuf metric msuserclass noalias noarp nodelay nolink nooption option " +
    "quiet reboot reject request request_time require static timeout userclass vendor vendorclassid vendopt waitip " +
    "xidhwaddr"
  ).split(" "),
);
