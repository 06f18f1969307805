#!/usr/bin/env node
// gwcard is TypeScript and runs as such: this only lets Node read it.
import { register } from "tsx/esm/api";

register();
await import("./main.ts");
