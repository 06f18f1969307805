/** Signs with an RSA key: `rsa-main KEY_FILE TIMES`. Runs on the device's runtime, under whatever counts there. */
import { createSign } from "node:crypto";
import { readFileSync } from "node:fs";

const [keyFile = "", times = "1"] = process.argv.slice(2);
const key = readFileSync(keyFile, "utf8");
for (let done = 0; done < Number(times); done++) {
  createSign("RSA-SHA256").update(`message ${done}`).sign(key);
}
