/** Cells without walls that write what they hold to HOLDINGS/ROLE.json on SIGUSR2, and go on. */
import { renameSync, writeFileSync } from "node:fs";
import { platform } from "#platform";
import "../bench/unwalled.ts";
import { measure } from "./cases/measure.ts";

const folder = process.env.HOLDINGS ?? "";
const { spawn } = platform;

platform.spawn = (options) =>
  spawn({
    ...options,
    body() {
      process.on("SIGUSR2", () => {
        const file = `${folder}/${options.role}.json`;
        writeFileSync(`${file}.new`, JSON.stringify(measure()));
        renameSync(`${file}.new`, file);
      });
      options.body();
    },
  });
