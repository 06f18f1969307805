/**
 * The keys of an OPC UA secure channel (Part 6 §6.7.5), as the client that we use derives them from two nonces, policy by
 * policy. Arguments: the nonces of client and server as hexadecimal digits.
 */
import { Buffer } from "node:buffer";
import { computeDerivedKeys, getCryptoFactory, SecurityPolicy } from "node-opcua-client";

const [, , client = "", server = ""] = process.argv;
const nonce = (digits: string) => Buffer.from(digits, "hex");

for (const [name, policy] of Object.entries(SecurityPolicy)) {
  const factory = getCryptoFactory(policy);
  if (!factory) continue;
  const { derivedClientKeys, derivedServerKeys } = computeDerivedKeys(factory, nonce(server), nonce(client));
  for (const [side, keys] of Object.entries({ client: derivedClientKeys, server: derivedServerKeys })) {
    if (!keys) continue;
    const { signingKey, encryptingKey, initializationVector } = keys;
    const parts = [signingKey, encryptingKey, initializationVector].map((part) => part.toString("hex"));
    console.log(`${name} ${side}: ${parts.join(" ")}`);
  }
}
