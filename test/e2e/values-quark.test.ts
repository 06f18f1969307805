/**
 * The card on nothing but the Quark's instruction set (kernel and initramfs taken out of the card): every change of
 * 20 variables of different types arrives at mosquitto, in order and value-exact, over TLS with an ECDSA client
 * certificate; the product's start lines are on the serial console.
 */
import { test } from "node:test";
import { valuesStory } from "../lab/values-story.ts";

test("every change arrives from a card on the Quark's instruction set", (t) =>
  valuesStory(t, { id: "values-quark", boot: "quark", mqttKey: "ec:P-256" }));
