/** URL, URLSearchParams and the legacy parser. */
import url, { fileURLToPath, pathToFileURL } from "node:url";
import { show, showCode } from "./show.ts";

const parts = (text: string, base?: string) => {
  const u = new URL(text, base);
  return [
    u.href,
    u.origin,
    u.protocol,
    u.username,
    u.password,
    u.host,
    u.hostname,
    u.port,
    u.pathname,
    u.search,
    u.hash,
  ];
};
const inputs = [
  "opc.tcp://server:4840",
  "opc.tcp://user:pass@server.example.com:4840/UA/Server?x=1#top",
  "opc.tcp://192.168.000.1:4840/",
  "opc.tcp://[fe80::1]:4840/path",
  "mqtts://broker.example.com:8883",
  "ssl://broker:8883",
  "http://EXAMPLE.com:80/a/../b/./c?q=a b#f g",
  "https://example.com:443",
  "https://user@example.com/%7Efoo/%2e%2E/bar",
  "https://[2001:DB8:0:0:1:0:0:1]/",
  "http://[::ffff:1.2.3.4]/",
  "http://0x7f.1/",
  "http://256.1.1.1/",
  "http://1.2.3/",
  "http://a b/",
  "http://exa%41mple.org",
  "http://example.com:99999/",
  "http://example.com:abc/",
  "http:\\\\example.com\\a\\b",
  "http:///example.com//x",
  "file:///etc/passwd",
  "file://localhost/etc/../x",
  "mailto:a@b.c?subject=x y",
  "data:text/plain,hello world",
  "urn:node:server",
  "  https://example.com/  ",
  "https://example.com/ü?ä=ö#ß",
  "https://example.com/a'b?c'd#e`f",
  "//example.com",
  "no scheme",
  "",
  "https://",
  "https://@/",
  "https://:@host",
  "opc.tcp://",
  "web+demo:/.//not-a-host/",
];
for (const input of inputs) show(JSON.stringify(input), () => parts(input));
const relatives = [
  "b",
  "../b",
  "/b",
  "//other/c",
  "?q",
  "#h",
  "",
  "b/./c/..",
  "http:d",
  "https:e",
  "\\f",
  "mailto:x",
];
for (const input of relatives)
  show(`relative ${input}`, () => parts(input, "http://h/a/b/c?x#y").slice(0, 1));
show("relative to opaque", () => parts("#frag", "mailto:x")[0]);
showCode("relative to opaque fails", () => parts("path", "mailto:x"));
show("invalid", () => {
  try {
    return new URL("nonsense");
  } catch (error) {
    const { name, code, message, input } = error as Error & { code: string; input: string };
    return [name, code, message, input];
  }
});
show("canParse", () => [URL.canParse("a:b"), URL.canParse("b"), URL.canParse("b", "http://a")]);
show("setters", () => {
  const u = new URL("http://host/path");
  u.protocol = "https";
  u.hostname = "other";
  u.port = "8443";
  u.pathname = "/a b/../c";
  u.search = "x=1&y=2";
  u.hash = "frag";
  u.username = "me@";
  u.password = "s:t";
  return [u.href, JSON.stringify(u), `${u}`];
});
show("more setters", () => {
  const u = new URL("https://host:8443/path?a#b");
  u.host = "new:443";
  u.search = "";
  u.hash = "";
  u.protocol = "opc.tcp";
  return u.href;
});
show("params", () => {
  const u = new URL("http://h/?a=1&b=2&a=3&c=%20+%zz&d");
  const found = [...u.searchParams];
  u.searchParams.append("e", "ü &");
  u.searchParams.delete("a");
  u.searchParams.set("b", "9");
  return [found, u.href, u.searchParams.get("c"), u.searchParams.has("zz"), u.searchParams.size];
});
show("params alone", () => [
  new URLSearchParams({ a: "1", b: "x y" }).toString(),
  new URLSearchParams([
    ["k", "v"],
    ["k", "w"],
  ]).getAll("k"),
  new URLSearchParams("?x=1&&y=").toString(),
  [...new URLSearchParams("b=1&a=2&b=0").keys()],
]);

for (const input of [
  "mqtts://user:pa%3Ass@broker.example.com:8883/path?clientId=x&a=1&a=2#h",
  "ssl://BROKER:8883",
  "tcp://host",
  "http://h?q",
  "/just/a/path?q=1",
  "host:1883",
  "//host/path",
  "http://a.com/b c|d",
  "mailto:a@b",
]) {
  show(`parse ${input}`, () => ({ ...url.parse(input) }));
  show(`parse with query ${input}`, () => {
    const { query, pathname, host } = url.parse(input, true);
    return [JSON.stringify(query), pathname, host];
  });
}
showCode("parse a number", () => url.parse(5 as never));
show("format", () => [
  url.format({
    protocol: "http",
    hostname: "h",
    port: 80,
    pathname: "p",
    query: { a: 1, b: ["x", "y"] },
  } as never),
  url.format(new URL("http://x/y")),
]);
show("resolve", () => [url.resolve("/one/two", "three"), url.resolve("http://a/b/c", "../d")]);
show("file urls", () => [fileURLToPath("file:///tmp/a%20b"), pathToFileURL("/tmp/a b#c?d").href]);
showCode("file url of http", () => fileURLToPath("http://x/y"));
