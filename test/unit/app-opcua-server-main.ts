/**
 * Program: an OPC UA server with the variable `s=Value`, to be stopped and continued from outside. Arguments: port,
 * certificate file, key file, folder for its own files. Sends "started"; sets the value to each number that it receives.
 */
import { serverOptions, setDouble, startServer } from "./app-opcua-site.ts";

const [, , port = "", certFile = "", keyFile = "", folder = ""] = process.argv;

async function main(): Promise<void> {
  const certificate = { certFile, keyFile };
  const { variables } = await startServer(serverOptions({ port: Number(port), certificate, folder }), [
    "Value",
  ]);
  process.on("message", (value) => setDouble(variables[0], Number(value)));
  process.on("disconnect", () => process.exit(0));
  process.send?.("started");
}

void main();
