/** The line of the OPC UA side's effective settings at each start, word for word: an operator compares it over years. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { certOf, type Site, settingsOf } from "./app-config-site.ts";

const lines = (edit: (site: Site) => unknown): readonly string[] => settingsOf(edit).opcua.summary;

/** What is changed about the sample, and the line. */
const CASES: readonly (readonly [string, (site: Site) => unknown, string])[] = [
  [
    "the sample",
    () => undefined,
    'opc.tcp://192.168.177.7:4840; security mode SignAndEncrypt, policy Basic256Sha256; application "urn:test:gateway"; user name "KISG100"; trusts "opc-ua-server.crt"; reading cycle 1 s; 2 nodes; heartbeat every 60 s; exact values',
  ],
  [
    "what is left out has its default",
    ({ opcua }) => {
      for (const name of ["readingCycle", "heartbeat", "userCredentials"]) delete opcua[name];
      for (const name of ["mode", "policy"]) delete opcua.security[name];
      opcua.url = "opc.tcp://plc";
      opcua.nodes.pop();
    },
    'opc.tcp://plc:4840; security mode SignAndEncrypt, policy Basic256Sha256; application "urn:test:gateway"; anonymous; trusts "opc-ua-server.crt"; reading cycle 1 s; 1 node; no heartbeat; exact values',
  ],
  [
    "Any, two servers, a long cycle, rounded values",
    (site) => {
      const { opcua, certificates } = site;
      certificates["second.crt"] = certOf("server");
      Object.assign(opcua.security, {
        mode: "Any",
        policy: "Any",
        trustList: ["opc-ua-server.crt", "second.crt"],
      });
      Object.assign(opcua, {
        url: "opc.tcp://10.0.0.9:48010/UA/Server",
        readingCycle: 3600,
        significantDigits: 6,
      });
    },
    'opc.tcp://10.0.0.9:48010/UA/Server; security mode Any, policy Any; application "urn:test:gateway"; user name "KISG100"; trusts "opc-ua-server.crt", "second.crt"; reading cycle 3600 s; 2 nodes; heartbeat every 60 s; 6 significant digits',
  ],
  [
    "any server, as fast as possible",
    ({ opcua }) => {
      Object.assign(opcua.security, {
        mode: "Sign",
        policy: "Aes256_Sha256_RsaPss",
        trustList: "AllowAll",
      });
      Object.assign(opcua, { readingCycle: 0, significantDigits: 1 });
    },
    'opc.tcp://192.168.177.7:4840; security mode Sign, policy Aes256_Sha256_RsaPss; application "urn:test:gateway"; user name "KISG100"; trusts any server; reading as fast as possible; 2 nodes; heartbeat every 60 s; 1 significant digit',
  ],
  [
    "no protection: whatever server answers",
    ({ opcua }) => Object.assign(opcua, { security: null, userCredentials: null }),
    "opc.tcp://192.168.177.7:4840; security mode None, policy None; no certificate; anonymous; checks no server certificate; reading cycle 1 s; 2 nodes; heartbeat every 60 s; exact values",
  ],
  [
    "policy None is no protection, whatever the mode says",
    ({ opcua }) => Object.assign(opcua.security, { mode: "SignAndEncrypt", policy: "None" }),
    'opc.tcp://192.168.177.7:4840; security mode None, policy None; application "urn:test:gateway"; user name "KISG100"; checks no server certificate; reading cycle 1 s; 2 nodes; heartbeat every 60 s; exact values',
  ],
];

for (const [title, edit, settings] of CASES) {
  test(`effective settings of the OPC UA side, ${title} (R41, R46–R49, R53, R54, K48)`, () => {
    const told = lines(edit).filter((line) => line.includes(": settings: "));
    assert.deepEqual(told, [`OPC UA Client: settings: ${settings}`]);
  });
}
