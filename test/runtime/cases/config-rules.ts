/** All rules held against configurations: one line for each that is broken. Arguments: folders like HW-IDS. */
import { checkConfiguration, readConfiguration } from "../../../app/config/check.ts";

const [, , ...folders] = process.argv;

for (const folder of folders) {
  for (const { severity, rule, message } of checkConfiguration(readConfiguration(folder)))
    console.log(severity, rule, message);
}
