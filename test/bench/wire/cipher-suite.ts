/** Which TLS suite a recorded connection uses: the price of a byte depends on it, and the server chooses. */
import { LabError } from "../../lab/errors.ts";
import { EXTERNAL } from "../../lab/network.ts";
import { run } from "../../lab/process.ts";

/** As tshark writes a ServerHello out. */
const SUITE = /Cipher Suite: (TLS_\w+)/;
const SERVER_HELLO = "tls.handshake.type == 2";

export async function cipherSuite(capture: string): Promise<string> {
  const decode = ["-d", `tcp.port==${EXTERNAL.port},tls`];
  const text = await run(["tshark", "-n", "-r", capture, ...decode, "-Y", SERVER_HELLO, "-O", "tls"]);
  const suite = SUITE.exec(text)?.[1];
  if (suite === undefined) throw new LabError("LAB_FILE_MISSING", `there is no ServerHello in ${capture}`);
  return suite;
}
