/**
 * The same card through 32-bit UEFI firmware and GRUB: every change arrives, here with RSA certificates only, the
 * OPC UA ones stored as DER, with a fixed address on the internal side, and with variables beyond the product's types (L6).
 */
import { test } from "node:test";
import { valuesStory } from "../lab/values-story.ts";

test("every change arrives from a card started by 32-bit UEFI firmware (R1, R5, R21, R29, R30, R32)", (t) =>
  valuesStory(t, {
    id: "values-uefi",
    boot: "uefi",
    opcuaEncoding: "der",
    internalAddress: "192.168.177.77",
    extras: true,
  }));
