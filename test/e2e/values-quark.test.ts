/**
 * The card on nothing but the Quark's instruction set (kernel and initramfs taken out of the card): every change of
 * variables of every type, structures and matrices among them, arrives at mosquitto, in order and value-exact, over TLS
 * with an ECDSA client certificate; the product's start lines are on the serial console.
 */
import { test } from "node:test";
import { valuesStory } from "../lab/values-story.ts";

test("every change arrives from a card on the Quark's instruction set (R1–R3, R5, R11–R22, R25–R28, R32, R34, R73, R74, R114, R116, R117, R120, R136–R140, R142, R144, R145, R152, L16, L6, R76, R77)", (t) =>
  valuesStory(t, { id: "values-quark", boot: "quark", mqttKey: "ec:P-256", extras: true }));
