import { type EndpointDescription, MessageSecurityMode, OPCUAClient } from "node-opcua-client";
import type { OpcUaSettings } from "../../../config/opcua.ts";
import { discoveryOptions } from "./client-options.ts";
import { disconnect } from "./connection.ts";
import { type ChosenEndpoint, chooseEndpoint, offers, shortPolicy } from "./endpoint.ts";
import { skipKeyCheck } from "./library.ts";
import { checkServerCertificate, expiredLists } from "./trust.ts";
import { within } from "./within.ts";

/** Asking the server what it offers takes no longer than this. */
const DISCOVERY_TIMEOUT_MS = 60_000;

/**
 * Asks the server what it offers, chooses an endpoint and checks who the server is: on every attempt anew, so that new
 * security settings of the server need no restart of the gateway (L1, R63–R68). `remark` gets what is odd but bearable, `debug`
 * what was seen on the way; when `dropped` rejects, nothing is waited for any more (L20).
 */
export async function findEndpoint(options: {
  settings: OpcUaSettings;
  remark: (text: string) => void;
  debug: (text: string) => void;
  dropped: Promise<never>;
}): Promise<ChosenEndpoint> {
  const { settings, remark, debug, dropped } = options;
  const client = OPCUAClient.create(discoveryOptions(settings));
  skipKeyCheck(client);
  let endpoints: EndpointDescription[];
  try {
    await within(Promise.race([client.connect(settings.url), dropped]), DISCOVERY_TIMEOUT_MS, "connecting");
    const asking = Promise.race([client.getEndpoints(), dropped]);
    endpoints = await within(asking, DISCOVERY_TIMEOUT_MS, "asking for the endpoints");
  } finally {
    await disconnect(client);
  }
  debug(`the server offers ${offers(endpoints)}`);
  const endpoint = chooseEndpoint(endpoints, settings);
  const { mode, policy, serverCertificate, applicationUri } = endpoint;
  debug(
    `chosen: ${MessageSecurityMode[mode]}/${shortPolicy(policy)} of ${applicationUri ?? "an unnamed application"}, ` +
      `server certificate of ${serverCertificate?.length ?? 0} bytes`,
  );
  if (endpoint.mode !== MessageSecurityMode.None) {
    const { trusted, revocationLists, host } = settings;
    const now = new Date();
    const odd = checkServerCertificate({
      presented: endpoint.serverCertificate ?? Buffer.alloc(0),
      policy: shortPolicy(endpoint.policy),
      claim: { applicationUri: endpoint.applicationUri, host },
      trusted,
      revocationLists,
      now,
    });
    const expired = trusted === null ? [] : expiredLists(revocationLists, now);
    for (const text of [...odd, ...expired]) remark(text);
  }
  if (endpoint.passwordOpen) {
    remark(
      "mode Sign does not encrypt, and the server wants the password without encryption of its own: who listens in can read it. Cure: set mode SignAndEncrypt, or a security policy for user names on the server",
    );
  }
  return endpoint;
}
