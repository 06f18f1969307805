import {
  type ClientSession,
  type NotificationMessage,
  RepublishRequest,
  RepublishResponse,
  StatusCodes,
} from "node-opcua-client";
import { callService, isRefusal } from "../connection/library.ts";

/** The server has nothing to give, now or ever. */
const NOTHING = [
  StatusCodes.BadMessageNotAvailable,
  StatusCodes.BadServiceUnsupported,
  StatusCodes.BadNotImplemented,
  StatusCodes.BadNotSupported,
];

/**
 * A message that the server sent and that was not acknowledged (Part 4 §5.13.6); null: it has no such message. Throws
 * `ServiceRefusedError` when it does not know the subscription.
 */
export async function republish(
  session: ClientSession,
  subscriptionId: number,
  retransmitSequenceNumber: number,
): Promise<NotificationMessage | null> {
  const request = new RepublishRequest({ subscriptionId, retransmitSequenceNumber });
  try {
    return (await callService(session, request, RepublishResponse)).notificationMessage;
  } catch (error) {
    if (isRefusal(error, NOTHING)) return null;
    throw error;
  }
}
