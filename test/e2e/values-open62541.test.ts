/**
 * The story of values-quark against an OPC UA server of another make: open62541, written in C, shares no code with the
 * gateway or with the other server of the lab.
 */
import { test } from "node:test";
import { valuesStory } from "../lab/values-story.ts";

test("every change arrives from an open62541 server, each type, lists, matrices, structures too (R73, R74, R76, L6)", (t) =>
  valuesStory(t, {
    id: "values-open62541",
    boot: "quark",
    serverKind: "open62541",
    extras: true,
    mqttKey: "ec:P-256",
  }));
